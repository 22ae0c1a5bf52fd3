//! Rules that fix what a query means. They run before all of DataFusion's, in this order.

mod draw_once;
mod keep_subquery_types;
mod place_nearest_filter;
mod resolve_quantities;

use std::sync::Arc;

use datafusion::{logical_expr::ScalarUDF, optimizer::AnalyzerRule};

/// The rules, in the order in which they run: quantities become numbers before predicates are placed, so that
/// they are placed in their final form. Where subqueries get their types back, and when draws are placed, does not
/// matter to either.
pub(crate) fn rules(typed: Arc<ScalarUDF>) -> Vec<Arc<dyn AnalyzerRule + Send + Sync>> {
    vec![
        Arc::new(keep_subquery_types::KeepSubqueryTypes { typed }),
        Arc::new(resolve_quantities::ResolveQuantities),
        Arc::new(place_nearest_filter::PlaceNearestFilter),
        Arc::new(draw_once::DrawOnce::default()),
    ]
}
