//! `NEAREST`: the k rows of a table nearest to one vector. A logical node that the relation planner makes,
//! the physical operator that answers it exactly, and the metrics both name.
//!
//! ```text
//! FROM NEAREST(to, k => 5, within => sharps)
//!   ⇒  Nearest: k=5, metric=l2
//!        Projection: to AS __query            one row
//!        TableScan: sharps                    the rows that may be nearest
//! ```

mod exec;
pub(crate) mod metric;
mod node;
mod top_k;

pub(crate) use self::{
    exec::nearest_exec,
    metric::Metric,
    node::{NearestNode, QUERY},
};
