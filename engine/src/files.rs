//! Files as tables: `FROM 'patches.parquet'`.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::{
    catalog::{DynamicFileCatalog, TableProvider, UrlTableFactory},
    common::Result,
    datasource::dynamic_file::DynamicListTableFactory,
    execution::context::SessionContext,
};

/// The context with every file a table by its path.
pub(crate) fn as_tables(context: SessionContext, relations: Vec<&'static str>) -> SessionContext {
    let files = Arc::new(Files {
        listing: DynamicListTableFactory::default(),
        relations,
    });
    let state = context.state();
    let tables = Arc::clone(state.catalog_list());
    let factory = Arc::clone(&files) as Arc<dyn UrlTableFactory>;
    let catalogs = Arc::new(DynamicFileCatalog::new(tables, factory));
    let id = context.session_id();
    let builder = context.into_state_builder();
    let context: SessionContext = builder
        .with_session_id(id)
        .with_catalog_list(catalogs)
        .build()
        .into();
    files.listing.session_store().with_state(context.state_weak_ref());
    context
}

/// Finds the file of a name that no table has.
#[derive(Debug)]
struct Files {
    listing: DynamicListTableFactory,
    /// Names of functions in FROM. DataFusion looks for tables of these names too, and asking the disk for them takes
    /// a twentieth of the time in which a query with one is planned.
    relations: Vec<&'static str>,
}

#[async_trait]
impl UrlTableFactory for Files {
    async fn try_new(&self, url: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if self.relations.iter().any(|name| name.eq_ignore_ascii_case(url)) {
            return Ok(None);
        }
        self.listing.try_new(url).await
    }
}
