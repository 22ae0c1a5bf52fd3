//! Literals that SQL lacks, read by nom: each has `FromStr` and a `Display` that round-trips.

pub mod quantity;
pub mod record_set;
pub mod t_rec;

pub use quantity::{Quantity, QuantityError};
pub use record_set::{Interval, RecordSet, RecordSetError, TimeStep};
pub use t_rec::{TRec, TRecError};
