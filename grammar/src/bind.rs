//! Binding: arguments to parameters, quantities to units, values to placeholders.
//!
//! `SQL` parsers know nothing of names, defaults and units of arguments, and `DataFusion` reorders
//! named arguments but has no defaults. So calls are made positional and complete in the syntax tree,
//! where spans still are:
//!
//! ```text
//! GENERATE(seed => 7, usflux => 1e14Wb)   ⇒   GENERATE(1e22, NULL, …, 7, …)
//! ```

mod arguments;
mod calls;
mod placeholders;
mod quantities;
mod signature;

pub use arguments::bind_arguments;
pub use calls::bind_calls;
pub use placeholders::{Constant, bind_placeholders};
pub use quantities::{QuantityLiteral, fold_quantities};
pub use signature::{CallSignature, Default, Kind, Parameter, Signatures};
