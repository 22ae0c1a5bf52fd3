//! How long an image takes: a metric that is a quotient of two sums.

use std::{
    any::Any,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use datafusion::physical_plan::metrics::CustomMetricValue;

#[derive(Debug, Default)]
pub(super) struct PerImage {
    images: AtomicUsize,
    nanoseconds: AtomicU64,
}

impl PerImage {
    pub(super) fn add(&self, images: usize, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.images.fetch_add(images, Ordering::Relaxed);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    fn sums(&self) -> (usize, u64) {
        (
            self.images.load(Ordering::Relaxed),
            self.nanoseconds.load(Ordering::Relaxed),
        )
    }
}

/// In milliseconds.
impl fmt::Display for PerImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (images, nanoseconds) = self.sums();
        write!(f, "{:.2}", nanoseconds as f64 / 1e6 / images.max(1) as f64)
    }
}

impl CustomMetricValue for PerImage {
    fn new_empty(&self) -> Arc<dyn CustomMetricValue> {
        Arc::new(Self::default())
    }

    fn aggregate(&self, other: Arc<dyn CustomMetricValue>) {
        if let Some(other) = other.as_any().downcast_ref::<Self>() {
            let (images, nanoseconds) = other.sums();
            self.add(images, Duration::from_nanos(nanoseconds));
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn is_eq(&self, other: &Arc<dyn CustomMetricValue>) -> bool {
        other
            .as_any()
            .downcast_ref::<Self>()
            .is_some_and(|other| self.sums() == other.sums())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_divided_and_not_quotients_added() {
        let (one, other) = (PerImage::default(), Arc::new(PerImage::default()));
        one.add(1, Duration::from_millis(4));
        other.add(3, Duration::from_millis(6));
        one.aggregate(other);
        assert_eq!(one.to_string(), "2.50");
        assert_eq!(PerImage::default().to_string(), "0.00");
    }
}
