//! The engine: a catalogue (on disk, of the demo, or in memory), its models, and the sessions over it.

use std::{path::Path, sync::Arc};

use helioql_catalog::Catalogue;

use crate::{
    access::Access,
    demo,
    error::Result,
    index::IndexStore,
    models::ModelStore,
    progress::{Observer, Silent},
    remote,
    session::Session,
};

/// One open catalogue with its models. Cheap to clone; its sessions may run side by side.
///
/// They share what is kept in memory between statements (weights, indexes, vectors, columns, samples) and one limit, which
/// `SET datafusion.runtime.memory_limit = '2G'` in any of them sets for all. What is kept gives way to a statement that has no
/// room.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), helioql::Error> {
/// let engine = helioql::Engine::in_memory();
/// let session = engine.session().await?;
/// let rows = session.sql("SELECT 6 * 7 AS answer").await?.collect().await.map_err(helioql::Error::from)?;
/// assert_eq!(rows[0].num_rows(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Engine {
    catalogue: Option<Catalogue>,
    store: Arc<ModelStore>,
    indexes: Arc<IndexStore>,
    kind: Kind,
}

/// What an engine was opened on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A catalogue directory.
    Catalogue,
    /// The demo catalogue of simulated SHARPs.
    Demo,
    /// Nothing on disk: tables and models live as long as the engine.
    Memory,
}

impl Engine {
    /// Opens the catalogue directory at `path`, or creates an empty one where nothing stands.
    ///
    /// `path` may be the URL of a catalogue on object storage, which is only read: `s3://bucket/sun.helio`, with what
    /// the `AWS_` variables of the environment say, or `https://host/sun.helio`. What a copy under the user's cache
    /// directory lacks of it is fetched and compared with its manifest; the engine shows the commit that was the last
    /// one then.
    ///
    /// # Errors
    /// When the directory is not a catalogue, its manifest is damaged or of a newer format, or it cannot be
    /// created; when a catalogue at a URL cannot be fetched or one of its files is not what its manifest says.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, &Silent)
    }

    /// The same, with an observer who is told how far a catalogue is fetched, and may stop it.
    ///
    /// # Errors
    /// As [`open`](Self::open), and when `observer` cancels.
    pub fn open_with(path: impl AsRef<Path>, observer: &dyn Observer) -> Result<Self> {
        let path = path.as_ref();
        let catalogue = match remote::url(path) {
            Some(url) => remote::open(url, observer)?,
            None => Catalogue::open_or_create(path)?,
        };
        Ok(Self::over(Some(catalogue), Kind::Catalogue))
    }

    /// Whether a path is the URL of a catalogue on object storage.
    pub fn is_url(path: impl AsRef<Path>) -> bool {
        remote::url(path.as_ref()).is_some()
    }

    /// Opens the demo catalogue of 2,000 simulated SHARPs, making it once under the user's cache directory.
    ///
    /// # Errors
    /// When the cache directory cannot be written, or `observer` cancels.
    pub fn demo(observer: &dyn Observer) -> Result<Self> {
        let store = Arc::new(ModelStore::new(None));
        Ok(Self::over(Some(demo::open(&store, observer)?), Kind::Demo))
    }

    /// An engine with an empty `sharps` table and the shipped models, for applications that bring their own
    /// tables, and for tests.
    pub fn in_memory() -> Self {
        Self::over(None, Kind::Memory)
    }

    fn over(catalogue: Option<Catalogue>, kind: Kind) -> Self {
        Self {
            store: Arc::new(ModelStore::new(catalogue.clone())),
            indexes: Arc::default(),
            catalogue,
            kind,
        }
    }

    /// A session: its own parameters, views and progress callback over the shared catalogue.
    ///
    /// The files of a table are compared with what was written when a statement first names it.
    ///
    /// # Errors
    /// When the manifest of the catalogue cannot be read.
    pub async fn session(&self) -> Result<Session> {
        self.session_with(Access::default()).await
    }

    /// A session that may do only what `access` allows, whatever its statements say.
    ///
    /// The files of a table are compared with what was written when a statement first names it.
    ///
    /// # Errors
    /// When the manifest of the catalogue cannot be read.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), helioql::Error> {
    /// let safe = helioql::Access { safe: true, ..Default::default() };
    /// let session = helioql::Engine::in_memory().session_with(safe).await?;
    /// assert!(session.sql("COPY (SELECT 1) TO 'out.csv'").await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn session_with(&self, mut access: Access) -> Result<Session> {
        access.readonly |= self.catalogue.as_ref().is_some_and(|of| of.origin().is_some());
        Session::new(self.clone(), access).await
    }

    /// What the engine was opened on.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The catalogue on disk, if there is one.
    pub fn catalogue(&self) -> Option<&Catalogue> {
        self.catalogue.as_ref()
    }

    pub(crate) fn indexes(&self) -> &Arc<IndexStore> {
        &self.indexes
    }

    pub(crate) fn store(&self) -> &Arc<ModelStore> {
        &self.store
    }
}
