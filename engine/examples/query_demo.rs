//! Queries the demo catalogue from a small program.
//!
//! ```text
//! cargo run --release -p helioql-tests --example query_demo
//! ```

use arrow::util::pretty::pretty_format_batches;
use helioql::{Engine, Result, Silent};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it finds")]
async fn main() -> Result<()> {
    // The first call simulates 2,000 regions under the user's cache directory; give an `Observer` of your
    // own to show its progress.
    let session = Engine::demo(&Silent)?.session().await?;

    session.bind("latitude", 15.0);
    let strongest = session
        .sql(
            "SELECT harpnum, t_rec, usflux, lat_fwt FROM sharps
             WHERE usflux > 1e22Mx AND abs(lat_fwt) < $latitude
             ORDER BY usflux DESC LIMIT 3",
        )
        .await?;
    println!("The strongest regions near the equator:");
    println!("{}", pretty_format_batches(&strongest.collect().await?)?);

    let alike = session
        .sql(
            "SELECT harpnum, t_rec, usflux, _rank, _distance
             FROM NEAREST((SELECT patch FROM sharps ORDER BY usflux DESC LIMIT 1), k => 5)",
        )
        .await?;
    println!("The regions most like the strongest of all, itself first:");
    println!("{}", pretty_format_batches(&alike.collect().await?)?);
    Ok(())
}
