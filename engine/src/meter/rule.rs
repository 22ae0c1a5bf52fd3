//! Which operators are metered.
//!
//! ```text
//! ProjectionExec: expr=[embed(patch@0, look) as e]   ⇒   ModelExec: embed
//!                                                          ProjectionExec: expr=[embed(patch@0, look) as e]
//! ```
//!
//! It applies to projections, filters and draws whose expressions call a function that runs a model, and to no
//! other operators: what they compute is computed below them in a projection.

use std::{collections::BTreeSet, sync::Arc};

use datafusion::{
    common::{
        Result,
        config::ConfigOptions,
        tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion},
    },
    physical_expr::{PhysicalExpr, ScalarFunctionExpr},
    physical_optimizer::PhysicalOptimizerRule,
    physical_plan::{ExecutionPlan, filter::FilterExec, projection::ProjectionExec},
};

use super::exec::ModelExec;
use crate::draw::DrawExec;

#[derive(Debug)]
pub(crate) struct MeterModels {
    /// The functions that run a model.
    functions: BTreeSet<&'static str>,
}

impl MeterModels {
    pub(crate) fn new(functions: BTreeSet<&'static str>) -> Self {
        Self { functions }
    }

    /// The functions of ours that an operator calls, in the order of their names.
    fn called(&self, plan: &dyn ExecutionPlan) -> Vec<String> {
        let mut called = BTreeSet::new();
        let mut visit = |expr: &Arc<dyn PhysicalExpr>| {
            expr.apply(|expr| {
                if let Some(call) = expr.downcast_ref::<ScalarFunctionExpr>()
                    && self.functions.contains(call.name())
                {
                    called.insert(call.name().to_owned());
                }
                Ok(TreeNodeRecursion::Continue)
            })
        };
        if let Some(projection) = plan.downcast_ref::<ProjectionExec>() {
            for column in projection.expr() {
                // The closure does not fail.
                let _: Result<_> = visit(&column.expr);
            }
        } else if let Some(filter) = plan.downcast_ref::<FilterExec>() {
            let _: Result<_> = visit(filter.predicate());
        } else if let Some(draw) = plan.downcast_ref::<DrawExec>() {
            for expr in draw.calls() {
                let _: Result<_> = visit(expr);
            }
        }
        called.into_iter().collect()
    }
}

impl PhysicalOptimizerRule for MeterModels {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| {
            let called = self.called(plan.as_ref());
            if called.is_empty() {
                return Ok(Transformed::no(plan));
            }
            Ok(Transformed::yes(
                Arc::new(ModelExec::new(plan, called)) as Arc<dyn ExecutionPlan>
            ))
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "meter_models"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
