//! Clauses of SQL that DataFusion's parser reads and its planner does not know: what can be said by others is written as
//! those, the rest is refused.

mod refused;
mod written;

pub(crate) use self::{refused::refuse, written::write_out};
