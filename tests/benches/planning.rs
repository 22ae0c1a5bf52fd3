//! How long a query is planned: text to physical plan, by a session of ours and by DataFusion alone, on the same
//! SQL, in turns. What only ours plans (NEAREST) stands beside the same answer written as ORDER BY.
//!
//! `cargo bench -p helioql-tests --bench planning --locked`

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{
    error::Error,
    time::{Duration, Instant},
};

use helioql::datafusion::{
    execution::FunctionRegistry,
    logical_expr::TypeSignature,
    prelude::{SessionConfig, SessionContext},
};
use helioql_tests::Bench;

const ROUNDS: usize = 60;

fn main() -> Result<(), Box<dyn Error>> {
    let bench = Bench::simulated()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let alone = SessionContext::new_with_config(SessionConfig::new().with_information_schema(true));
    for udf in ["l2_distance", "embed", "generate"] {
        let udf = bench.session().context().udf(udf)?;
        alone.register_udf((*udf).clone());
    }
    let provider = runtime.block_on(bench.session().context().table_provider("sharps"))?;
    alone.register_table("sharps", provider)?;
    let schema = runtime.block_on(bench.session().context().table("sharps"))?;
    let names: Vec<&str> = schema
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    let both = |a: &str| {
        names
            .iter()
            .map(|name| format!("{a}.{name}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let wide = format!(
        "SELECT {}, {}, a.usflux - b.usflux FROM sharps a JOIN sharps b ON a.harpnum = b.harpnum AND a.t_rec < b.t_rec \
         WHERE a.usflux > 1e22 AND b.area_acr > 10",
        both("a"),
        both("b")
    );
    let readme = "SELECT harpnum, t_rec, usflux FROM sharps \
                  WHERE usflux > 8e21 AND lat_fwt BETWEEN -30 AND 30 ORDER BY usflux DESC LIMIT 5";
    println!(
        "{:<44} {:>10} {:>12} {:>8}",
        "planned", "ours (ms)", "alone (ms)", "ratio"
    );
    for (name, sql) in [
        ("SELECT 1", "SELECT 1"),
        ("a filter, an order and a limit", readme),
        ("a join of 2 × all columns of sharps", wide.as_str()),
    ] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(timed(|| runtime.block_on(plan_ours(&bench, sql)))?);
            theirs.push(timed(|| runtime.block_on(plan_alone(&alone, sql)))?);
        }
        report(name, &mut ours, &mut theirs);
    }
    let nearest = "SELECT harpnum, t_rec, usflux, _distance FROM NEAREST(GENERATE(usflux => 1e22Mx, seed => 7), k => 5) \
                   WHERE usflux > 8e21Mx";
    let TypeSignature::Any(arguments) = bench
        .session()
        .context()
        .udf("generate")?
        .signature()
        .type_signature
    else {
        return Err("GENERATE takes a fixed number of arguments".into());
    };
    let nulls = "NULL, ".repeat(arguments - 3);
    let ordered = format!(
        "SELECT harpnum, t_rec, usflux, l2_distance(embedding, embed(generate({nulls}7, 0.02, 'sun'), 'look')) AS d \
         FROM sharps WHERE usflux > 8e21 ORDER BY d LIMIT 5"
    );
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(timed(|| runtime.block_on(plan_ours(&bench, nearest)))?);
        theirs.push(timed(|| runtime.block_on(plan_alone(&alone, &ordered)))?);
    }
    report("README's NEAREST, beside ORDER BY", &mut ours, &mut theirs);
    Ok(())
}

async fn plan_ours(bench: &Bench, sql: &str) -> Result<(), Box<dyn Error>> {
    let frame = bench.session().sql(sql).await?;
    frame.create_physical_plan().await?;
    Ok(())
}

async fn plan_alone(context: &SessionContext, sql: &str) -> Result<(), Box<dyn Error>> {
    context.sql(sql).await?.create_physical_plan().await?;
    Ok(())
}

fn timed(work: impl FnOnce() -> Result<(), Box<dyn Error>>) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

fn report(name: &str, ours: &mut [Duration], theirs: &mut [Duration]) {
    let median = |times: &mut [Duration]| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1e3
    };
    let (ours, theirs) = (median(ours), median(theirs));
    println!("{name:<44} {ours:>10.3} {theirs:>12.3} {:>8.3}", ours / theirs);
}
