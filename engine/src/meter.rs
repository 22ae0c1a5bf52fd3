//! What the models did for one operator, as EXPLAIN ANALYZE shows it.
//!
//! ```text
//! ModelExec: generate, embed, metrics=[generate_calls=1, generate_rows=1, images=10, solver_iterations=3, ms_per_image=8.4, …]
//!   ProjectionExec: expr=[embed(generate(…)) as __query]
//! ```
//!
//! A function does not know which operator calls it, so the operator says it to its thread before it is polled
//! ([`Meter::enter`]), and the functions write down what they do there. Work that goes on in other threads takes
//! [`Current`] along.

mod exec;
mod per_image;
mod rule;

use std::{
    cell::RefCell,
    sync::{Arc, OnceLock},
    time::Duration,
};

use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder, MetricValue, Time};

use self::per_image::PerImage;

pub(crate) use self::rule::MeterModels;

thread_local! {
    static CURRENT: RefCell<Option<Arc<Meter>>> = const { RefCell::new(None) };
}

/// The counts of one operator.
#[derive(Debug)]
pub(crate) struct Meter {
    functions: Vec<(String, OfFunction)>,
    iterations: Count,
    /// What the generator drew; only shown where it did.
    drawn: OnceLock<(Count, Arc<PerImage>)>,
    metrics: ExecutionPlanMetricsSet,
    partition: usize,
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
            drawn: OnceLock::new(),
            metrics: metrics.clone(),
            partition,
        }
    }

    fn draw(&self, images: usize, time: Duration) {
        let (count, per_image) = self.drawn.get_or_init(|| {
            let builder = || MetricBuilder::new(&self.metrics);
            let per_image = Arc::new(PerImage::default());
            builder()
                .with_partition(self.partition)
                .build(MetricValue::Custom {
                    name: "ms_per_image".into(),
                    value: Arc::clone(&per_image) as _,
                });
            (builder().counter("images", self.partition), per_image)
        });
        count.add(images);
        per_image.add(images, time);
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

/// The meter of a thread, for the threads that work for it.
pub(crate) struct Current(Option<Arc<Meter>>);

/// The meter of this thread.
pub(crate) fn current() -> Current {
    Current(CURRENT.with_borrow(Clone::clone))
}

impl Current {
    /// Runs `work` with this meter as that of its thread.
    pub(crate) fn enter<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(meter) => meter.enter(work),
            None => work(),
        }
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

/// Writes down that the generator drew images in `time`.
pub(crate) fn drew(images: usize, time: Duration) {
    CURRENT.with_borrow(|meter| {
        if let Some(meter) = meter {
            meter.draw(images, time);
        }
    });
}
