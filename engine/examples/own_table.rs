//! Registers the application's own table and joins it to NEAREST.
//!
//! ```text
//! cargo run --release -p helioql-tests --example own_table
//! ```

use std::sync::Arc;

use arrow::{
    array::{Int64Array, RecordBatch, StringArray},
    util::pretty::pretty_format_batches,
};
use helioql::{Engine, Result, Silent};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it finds")]
async fn main() -> Result<()> {
    let session = Engine::demo(&Silent)?.session().await?;

    // What this application knows about regions: the demo's HARPs are numbered from 9000001.
    let batch = RecordBatch::try_from_iter([
        (
            "harpnum",
            Arc::new(Int64Array::from_iter_values(9_000_001..=9_000_400)) as _,
        ),
        (
            "instrument",
            Arc::new(StringArray::from_iter_values(
                (0..400).map(|n| ["H-alpha", "EUV"][n % 2]),
            )) as _,
        ),
    ])?;
    session.context().register_batch("notes", batch)?;

    // WHERE in the same block speaks of the table that is searched: the five nearest of weak regions.
    let joined = session
        .sql(
            "SELECT near._rank, near.harpnum, near.usflux, notes.instrument
             FROM NEAREST((SELECT patch FROM sharps WHERE harpnum = 9000007 ORDER BY t_rec LIMIT 1), k => 5) AS near
             JOIN notes ON notes.harpnum = near.harpnum
             WHERE near.usflux < 3e21Mx
             ORDER BY near._rank",
        )
        .await?;
    println!("{}", pretty_format_batches(&joined.collect().await?)?);
    Ok(())
}
