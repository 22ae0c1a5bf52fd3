//! `NEAREST`: the k rows of a table nearest to a vector, or to that of each row of another table. A logical node
//! that the relation planner makes, the physical operator that answers it, exactly or by an index, and the metrics both name.
//!
//! ```text
//! FROM NEAREST(to, k => 5, within => sharps)
//!   ⇒  Nearest: k=5, metric=l2
//!        TableScan: sharps                    the rows to choose from
//!        Projection: to AS __query            the rows that ask: one
//! ```

mod asked;
mod exec;
mod in_memory;
pub(crate) mod metric;
pub(crate) mod node;
mod question;
mod search;
mod top_k;

pub(crate) use self::{
    asked::as_vector,
    exec::nearest_exec,
    in_memory::Indexes,
    metric::Metric,
    node::{Asking, NearestNode, QUERY, Search},
    question::question_exec,
};
