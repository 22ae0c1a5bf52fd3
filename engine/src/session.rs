//! A session: text in, a `DataFrame` out. The pipeline stands in [`Session::execute`] on one screen.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use datafusion::{
    dataframe::DataFrame,
    execution::{SessionState, SessionStateBuilder, context::SessionContext},
    logical_expr::{LogicalPlan, ScalarUDF, Statement as PlanStatement},
    prelude::SessionConfig,
    sql::{
        parser::{CopyToSource, DFParserBuilder, Statement as SqlStatement},
        sqlparser::{
            ast::{VisitMut, VisitorMut},
            dialect::GenericDialect,
        },
    },
};
use helioql_grammar::{
    Constant, Quantity, Statement, StatementKind, TRec, TokenWithSpan,
    bind::{CallSignature, Signatures, bind_calls, bind_placeholders},
};

use crate::{
    Engine, Error, Result,
    access::Access,
    analyzer,
    cancel::CancelHandle,
    changes, clauses, copy_to, files,
    functions::{Function, functions, typed},
    meter::MeterModels,
    mistakes,
    models::{Handle, ProgressCallback, WarningCallback},
    nearest::Indexes,
    operators::Distances,
    options::HelioOptions,
    planner::HelioPlanner,
    relations::{self, HelioRelations},
    stack::{self, DeepRule},
    statements::{self, explain},
    tables,
};

/// How deep an expression may nest before the parser refuses it.
const RECURSION_LIMIT: usize = 100;

/// Runs statements over one engine.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), helioql::Error> {
/// let session = helioql::Engine::in_memory().session().await?;
/// session.bind("flux", 1e22);
/// let frame = session.sql("SELECT usflux FROM GENERATE(usflux => $flux, seed => 7)").await?;
/// let rows = frame.collect().await.map_err(helioql::Error::from)?;
/// assert_eq!(rows.iter().map(|batch| batch.num_rows()).sum::<usize>(), 1);
/// # Ok(())
/// # }
/// ```
pub struct Session {
    engine: Engine,
    models: Handle,
    context: SessionContext,
    calls: Calls,
    functions: Vec<Function>,
    parameters: std::sync::Mutex<BTreeMap<String, Constant>>,
    /// The commit of the catalogue whose tables are registered, and one; 0 before the first.
    followed: AtomicU64,
    access: Access,
}

impl Session {
    pub(crate) async fn new(engine: Engine, access: Access) -> Result<Self> {
        let models = Handle::new(Arc::clone(engine.store()));
        let functions = functions(&models);
        let config = SessionConfig::new()
            .with_information_schema(true)
            // A row may hold a patch of 64 kB, and operators hold a batch or more each: 64 MB and not 512.
            .with_batch_size(1024)
            .set_bool("datafusion.sql_parser.collect_spans", true)
            // It reads the field of a SAMPLE below the WHERE and LIMIT that stand under the call which makes it, and so
            // runs the model for rows that nobody asked for.
            .set_bool("datafusion.optimizer.enable_leaf_expression_pushdown", false)
            // Units, grids and encoders live in field metadata, which DataFusion drops by default.
            .set_bool("datafusion.execution.parquet.skip_metadata", false)
            // A table is read with the types that it was written with.
            .set_bool("datafusion.execution.parquet.schema_force_view_types", false)
            .with_option_extension(HelioOptions::default());
        let indexes = Indexes {
            store: Arc::clone(engine.indexes()),
            models: models.clone(),
            catalogue: engine.catalogue().filter(|_| !access.readonly).cloned(),
        };
        let mut builder = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(models.shelf().runtime()?)
            .with_default_features()
            .with_query_planner(Arc::new(HelioPlanner { indexes }))
            .with_relation_planners(vec![Arc::new(HelioRelations::new(models.clone(), &functions))]);
        let models_run = functions.iter().filter(|function| function.runs_a_model);
        let models_run: BTreeSet<&'static str> = models_run.map(|function| function.call.name).collect();
        let meter = MeterModels::new(models_run.clone());
        // First, because later rules let a scan compute the expressions of a projection.
        let mut physical = datafusion::physical_optimizer::optimizer::PhysicalOptimizer::new().rules;
        physical.insert(0, Arc::new(meter));
        builder = builder.with_physical_optimizer_rules(physical);
        let typed = named(&functions, typed::TYPED)?;
        let mut rules = analyzer::rules(Arc::clone(&typed));
        rules.extend(datafusion::optimizer::Analyzer::new().rules);
        rules.extend(analyzer::last_rules(typed, models_run));
        let analyzer = rules.into_iter().map(|rule| Arc::new(DeepRule(rule)) as _);
        let optimizer = datafusion::optimizer::Optimizer::new().rules.into_iter();
        let optimizer = optimizer.map(|rule| Arc::new(DeepRule(rule)) as _);
        builder = builder
            .with_analyzer_rules(analyzer.collect())
            .with_optimizer_rules(optimizer.collect());
        let planners = builder.expr_planners().get_or_insert_with(Vec::new);
        planners.insert(0, Arc::new(Distances::new(&functions)?));
        let context = SessionContext::new_with_state(builder.build());
        // A file can be queried by its path: FROM 'patches.parquet'.
        let context = if access.safe {
            context
        } else {
            let relations = relations::relations();
            files::as_tables(
                context,
                relations.iter().map(|relation| relation.name()).collect(),
            )
        };
        for function in &functions {
            context.register_udf((*function.udf).clone());
        }
        let calls = Calls(
            functions
                .iter()
                .map(|function| (function.call.name, function.call.clone()))
                .collect(),
        );
        let session = Self {
            engine,
            models,
            context,
            calls,
            functions,
            parameters: std::sync::Mutex::default(),
            followed: AtomicU64::new(0),
            access,
        };
        tables::system::register(&session)?;
        tables::register(&session).await?;
        Ok(session)
    }

    /// Runs `text`, which is exactly one statement. Rows are computed as the returned frame is read.
    ///
    /// # Errors
    /// When the text is not one statement, or planning or running it fails.
    pub async fn sql(&self, text: &str) -> Result<DataFrame> {
        let statements = helioql_grammar::parse(text)?;
        match statements.as_slice() {
            [statement] => self.execute(statement).await,
            [] => Err(Error::Unsupported(
                "a statement was expected, found nothing".to_owned(),
            )),
            many => Err(Error::at(
                many[1].span,
                "one statement was expected, found another after it",
            )),
        }
    }

    /// Runs one parsed statement: our own by its file in `statements`, everything else through
    /// DataFusion's parser, our binding of arguments, planning and optimisation.
    ///
    /// # Errors
    /// When planning or running it fails.
    pub async fn execute(&self, statement: &Statement) -> Result<DataFrame> {
        let flag = self.models.cancel_handle().begin();
        // Every state from here on has it, also those that DataFusion takes by itself.
        let mine = self.context.state_ref();
        mine.write().config_mut().options_mut().extensions.insert(flag);
        self.access.check(statement)?;
        self.models.shelf().follow(&self.context)?;
        tables::follow(self).await?;
        let may_be_deep = match &statement.kind {
            StatementKind::Sql(tokens) => stack::may_be_deep(tokens.len()),
            _ => true,
        };
        let result = stack::deep(may_be_deep, async {
            match &statement.kind {
                StatementKind::Sql(tokens) => self.query(tokens).await,
                own => statements::execute(self, own, &statement.text).await,
            }
        });
        match result.await {
            Ok(frame) => Ok(frame),
            Err(error) => Err(self.located(error, statement).await),
        }
    }

    /// An error that came while the rows of `statement` were read, with its place in the statement where that can
    /// be told, and with what else is wrong there. What [`Session::sql`] and [`Session::execute`] return has it
    /// already.
    pub async fn located(&self, error: Error, statement: &Statement) -> Error {
        mistakes::located(self, error, statement).await
    }

    /// Runs the tokens of one SQL statement.
    pub(crate) async fn query(&self, tokens: &[TokenWithSpan]) -> Result<DataFrame> {
        let (plan, state) = self.plan(tokens).await?;
        match plan {
            LogicalPlan::Statement(PlanStatement::Prepare(_)) => self.prepare(plan).await,
            LogicalPlan::Statement(_) => {
                let done = self.context.execute_logical_plan(plan).await?;
                // It may have been one about memory.
                self.models.shelf().follow(&self.context)?;
                Ok(done)
            }
            // Apart, so that a query has no room for what only a change needs.
            LogicalPlan::Dml(_) | LogicalPlan::Ddl(_) => Box::pin(changes::execute(self, tokens, plan)).await,
            LogicalPlan::Copy(copy) => Box::pin(copy_to::execute(self, state, copy)).await,
            LogicalPlan::Explain(_) | LogicalPlan::Analyze(_) => {
                Box::pin(explain::in_text(self, state, plan)).await
            }
            // In the state that planned it: a copy of a state takes a tenth of the time in which a query is planned.
            rows => Ok(DataFrame::new(state, rows)),
        }
    }

    /// Keeps a prepared statement as it was written. DataFusion would optimize it first, after which the rules that
    /// say what a query means, such as that a WHERE applies before NEAREST ranks, no longer find what they look for.
    async fn prepare(&self, plan: LogicalPlan) -> Result<DataFrame> {
        let mut state = self.context.state();
        let passes = std::mem::take(&mut state.config_mut().options_mut().optimizer.max_passes);
        let apart = SessionContext::new_with_state(state);
        let done = apart.execute_logical_plan(plan).await?;
        let mut state = apart.state();
        state.config_mut().options_mut().optimizer.max_passes = passes;
        *self.context.state_ref().write() = state;
        Ok(done)
    }

    /// The plan of one SQL statement, before any rule, and the state of the session in which it was made.
    pub(crate) async fn plan(&self, tokens: &[TokenWithSpan]) -> Result<(LogicalPlan, SessionState)> {
        let mut statement = self.parse(tokens)?;
        self.bind_statement(&mut statement)?;
        let state = self.context.state();
        clauses::refuse(&mut statement, tokens, &state)?;
        let plan = state.statement_to_plan(statement).await?;
        if matches!(plan, LogicalPlan::DescribeTable(_)) {
            tables::compare(self, tokens).await?;
        }
        self.access.check_plan(&plan)?;
        Ok((plan, state))
    }

    /// Plans a parsed statement as far as can be done without running it, only to see what is wrong.
    pub(crate) async fn check(&self, mut statement: SqlStatement) -> Result<()> {
        self.bind_statement(&mut statement)?;
        let state = self.context.state();
        let plan = state.statement_to_plan(statement).await?;
        state.optimize(&plan)?;
        Ok(())
    }

    /// One statement of DataFusion's from its tokens, with the values of parameters in their places.
    pub(crate) fn parse(&self, tokens: &[TokenWithSpan]) -> Result<SqlStatement> {
        parse(&bind_placeholders(tokens, &self.parameters()))
    }

    /// Writes out clauses and fills in arguments.
    fn bind_statement(&self, statement: &mut SqlStatement) -> Result<()> {
        let mut tree = SyntaxTree(statement);
        clauses::write_out(&mut tree);
        relations::prepare(&mut tree);
        bind_calls(&mut tree, &self.calls)?;
        Ok(())
    }

    /// The signatures of the functions.
    pub(crate) fn calls(&self) -> &dyn Signatures {
        &self.calls
    }

    fn parameters(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Constant>> {
        self.parameters
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Sets the parameter `$name` for the statements that follow.
    pub fn bind(&self, name: &str, value: impl Into<Parameter>) {
        self.parameters().insert(name.to_lowercase(), value.into().0);
    }

    /// Calls `callback` with the progress of long statements; `None` for nobody.
    pub fn on_progress(&self, callback: Option<ProgressCallback>) {
        self.models.set_callback(callback);
    }

    /// Calls `callback` with what should be known and is no error, such as an index that had to be made anew; `None` for
    /// nobody.
    pub fn on_warning(&self, callback: Option<WarningCallback>) {
        self.models.set_warning(callback);
    }

    /// What stops the statement that is running.
    pub fn cancel_handle(&self) -> CancelHandle {
        self.models.cancel_handle().clone()
    }

    /// The engine that the session runs over.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// DataFusion's context, for registering tables and functions of the application.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// Whether the tables are those of the catalogue's commit `generation`.
    pub(crate) fn follows(&self, generation: u64) -> bool {
        self.followed.load(Ordering::Acquire) == generation + 1
    }

    /// Notes that they are.
    pub(crate) fn follow(&self, generation: u64) {
        self.followed.store(generation + 1, Ordering::Release);
    }

    pub(crate) fn access(&self) -> Access {
        self.access
    }

    pub(crate) fn models(&self) -> &Handle {
        &self.models
    }

    pub(crate) fn functions(&self) -> &[Function] {
        &self.functions
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

/// One of our functions by its name.
fn named(functions: &[Function], name: &str) -> Result<Arc<ScalarUDF>> {
    let function = functions.iter().find(|function| function.call.name == name);
    let function = function.ok_or_else(|| Error::Unsupported(format!("internal: no function `{name}`")))?;
    Ok(Arc::clone(&function.udf))
}

/// One statement of DataFusion's from its tokens.
fn parse(tokens: &[TokenWithSpan]) -> Result<SqlStatement> {
    let mut parser = DFParserBuilder::new(tokens.to_vec())
        .with_dialect(&GenericDialect {})
        .with_recursion_limit(RECURSION_LIMIT)
        .build()?;
    let statement = parser.parse_statement()?;
    let next = parser.parser.peek_token();
    if next.token != datafusion::sql::sqlparser::tokenizer::Token::EOF {
        return Err(Error::at(
            next.span,
            format!("the end of the statement was expected, found `{}`", next.token),
        ));
    }
    Ok(statement)
}

/// What visitors of SQL's syntax see of a statement of DataFusion's.
pub(crate) struct SyntaxTree<'s>(pub(crate) &'s mut SqlStatement);

impl VisitMut for SyntaxTree<'_> {
    fn visit<V: VisitorMut>(&mut self, visitor: &mut V) -> ControlFlow<V::Break> {
        match self.0 {
            SqlStatement::Statement(statement) => statement.visit(visitor),
            SqlStatement::Explain(explain) => SyntaxTree(&mut explain.statement).visit(visitor),
            SqlStatement::CopyTo(copy) => match &mut copy.source {
                CopyToSource::Query(query) => query.visit(visitor),
                CopyToSource::Relation(_) => ControlFlow::Continue(()),
            },
            _ => ControlFlow::Continue(()),
        }
    }
}

/// The value of a parameter.
#[derive(Debug, Clone)]
pub struct Parameter(Constant);

impl From<f64> for Parameter {
    fn from(value: f64) -> Self {
        Self(Constant::Number(format!("{value:?}")))
    }
}

impl From<i64> for Parameter {
    fn from(value: i64) -> Self {
        Self(Constant::Number(value.to_string()))
    }
}

impl From<bool> for Parameter {
    fn from(value: bool) -> Self {
        Self(Constant::Boolean(value))
    }
}

impl From<&str> for Parameter {
    fn from(value: &str) -> Self {
        Self(Constant::Text(value.to_owned()))
    }
}

impl From<Quantity> for Parameter {
    fn from(value: Quantity) -> Self {
        Self(Constant::Quantity(value))
    }
}

impl From<TRec> for Parameter {
    fn from(value: TRec) -> Self {
        Self(Constant::Time(value))
    }
}

impl From<Constant> for Parameter {
    fn from(value: Constant) -> Self {
        Self(value)
    }
}

/// The signatures that the grammar binds calls by.
#[derive(Debug)]
struct Calls(BTreeMap<&'static str, CallSignature>);

impl Signatures for Calls {
    fn get(&self, name: &str) -> Option<&CallSignature> {
        self.0.get(name)
    }
}
