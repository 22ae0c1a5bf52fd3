//! What the models did for one operator, as EXPLAIN ANALYZE shows it.
//!
//! ```text
//! ModelExec: generate, embed, metrics=[generate_calls=1, generate_rows=1, solver_iterations=4, …]
//!   ProjectionExec: expr=[embed(generate(…)) as __query]
//! ```
//!
//! A function does not know which operator calls it, so the operator says it to its thread before it is polled
//! ([`Meter::enter`]), and the functions write down what they do there.

mod exec;
mod rule;

use std::{cell::RefCell, sync::Arc, time::Duration};

use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder, Time};

pub(crate) use self::rule::MeterModels;

thread_local! {
    static CURRENT: RefCell<Option<Arc<Meter>>> = const { RefCell::new(None) };
}

/// The counts of one operator.
#[derive(Debug)]
pub(crate) struct Meter {
    functions: Vec<(String, OfFunction)>,
    iterations: Count,
}

#[derive(Debug)]
struct OfFunction {
    calls: Count,
    rows: Count,
    time: Time,
}

impl Meter {
    fn new(functions: &[String], metrics: &ExecutionPlanMetricsSet, partition: usize) -> Self {
        let builder = || MetricBuilder::new(metrics);
        let of_function = |name: &String| {
            let of = OfFunction {
                calls: builder().counter(format!("{name}_calls"), partition),
                rows: builder().counter(format!("{name}_rows"), partition),
                time: builder().subset_time(format!("{name}_time"), partition),
            };
            (name.clone(), of)
        };
        Self {
            functions: functions.iter().map(of_function).collect(),
            iterations: builder().counter("solver_iterations", partition),
        }
    }

    /// Runs `work` with this meter as that of its thread.
    fn enter<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        let _restore = Restore(CURRENT.replace(Some(Arc::clone(self))));
        work()
    }
}

/// Puts back the meter that was there before, also when the work panics.
struct Restore(Option<Arc<Meter>>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

/// Writes down a call of `function` on `rows` rows.
pub(crate) fn called(function: &str, rows: usize, time: Duration) {
    CURRENT.with_borrow(|meter| {
        let of_function = meter
            .as_ref()
            .and_then(|meter| meter.functions.iter().find(|(name, _)| name == function));
        if let Some((_, of_function)) = of_function {
            of_function.calls.add(1);
            of_function.rows.add(rows);
            of_function.time.add_duration(time);
        }
    });
}

/// Writes down how often the solver turned.
pub(crate) fn solved(iterations: usize) {
    CURRENT.with_borrow(|meter| {
        if let Some(meter) = meter {
            meter.iterations.add(iterations);
        }
    });
}
