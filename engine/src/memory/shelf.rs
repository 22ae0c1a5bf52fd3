//! What an engine keeps in memory between statements: columns, vectors, indexes, models, samples. All of it could be read
//! or made again, so that what was not used for longest gives way to what has no room beside it.
//!
//! ```text
//! Shelf ──► Held { value, its part of the limit }      the only owner between statements
//!   ▲          ▲
//!   └── Kept ──┘ finds it while it is there             where it belongs: a table's rows, the indexes, the models, …
//! ```

use std::{
    collections::BTreeMap,
    fmt,
    ops::Deref,
    sync::{
        Arc, Mutex, PoisonError, RwLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use datafusion::{
    common::Result,
    execution::{
        SessionStateBuilder,
        context::SessionContext,
        memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation, UnboundedMemoryPool},
        runtime_env::{RuntimeEnv, RuntimeEnvBuilder},
    },
};

use super::pool::Pool;

/// What is kept, and the limit that it counts towards.
pub(crate) struct Shelf {
    pool: RwLock<Arc<dyn MemoryPool>>,
    things: Mutex<Vec<Arc<dyn Thing>>>,
    /// How often something was used.
    clock: AtomicU64,
}

/// Something in memory with what was granted for it.
pub(crate) struct Held<T> {
    value: T,
    used: AtomicU64,
    _memory: Option<MemoryReservation>,
}

/// Finds something on a shelf for as long as it is there, and takes it off when it is dropped.
pub(crate) struct Kept<T: Send + Sync + 'static> {
    held: Weak<Held<T>>,
    shelf: Arc<Shelf>,
}

/// Things on a shelf by their names.
pub(crate) struct Keep<K, T: Send + Sync + 'static> {
    all: Mutex<BTreeMap<K, Kept<T>>>,
    /// So that two do not make the same.
    making: Mutex<()>,
}

/// What a shelf knows of a thing.
trait Thing: Send + Sync {
    /// When it was used last.
    fn used(&self) -> u64;
}

impl Shelf {
    /// Makes the memory limit of all sessions that of `context`, if `SET datafusion.runtime.memory_limit` changed it there,
    /// and that of `context` the one of all sessions. What was kept within another limit is let go of.
    pub(crate) fn follow(self: &Arc<Self>, context: &SessionContext) -> Result<()> {
        let runtime = context.runtime_env();
        let pool = match runtime.memory_pool.downcast_ref::<Pool>() {
            None => {
                let pool = Arc::clone(&runtime.memory_pool);
                *self.pool.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&pool);
                let before = std::mem::take(&mut *self.things());
                drop(before);
                pool
            }
            Some(known) => {
                let pool = self.pool();
                if known.is_over(&pool) {
                    return Ok(());
                }
                pool
            }
        };
        let runtime = self.within(&runtime, pool)?;
        let state = context.state_ref();
        let mut state = state.write();
        *state = SessionStateBuilder::from(state.clone())
            .with_runtime_env(runtime)
            .build();
        Ok(())
    }

    /// What a new session runs in.
    pub(crate) fn runtime(self: &Arc<Self>) -> Result<Arc<RuntimeEnv>> {
        self.within(&RuntimeEnv::default(), self.pool())
    }

    /// `runtime` with this shelf in front of `pool`.
    fn within(self: &Arc<Self>, runtime: &RuntimeEnv, pool: Arc<dyn MemoryPool>) -> Result<Arc<RuntimeEnv>> {
        RuntimeEnvBuilder::from_runtime_env(runtime)
            .with_memory_pool(Arc::new(Pool::new(pool, Arc::clone(self))))
            .build_arc()
    }

    /// Asks for `bytes` for `what`; `None` where the limit leaves less, though all that could gave way.
    pub(crate) fn reserve(&self, what: impl Into<String>, bytes: usize) -> Option<MemoryReservation> {
        let memory = MemoryConsumer::new(what).register(&self.pool());
        while memory.try_grow(bytes).is_err() {
            if !self.give_way() {
                return None;
            }
        }
        Some(memory)
    }

    /// Puts a thing on the shelf, which may give way as soon as nobody else holds it.
    pub(crate) fn keep<T: Send + Sync + 'static>(self: &Arc<Self>, held: &Arc<Held<T>>) -> Kept<T> {
        held.used.store(self.now(), Ordering::Relaxed);
        self.things().push(Arc::clone(held) as Arc<dyn Thing>);
        Kept {
            held: Arc::downgrade(held),
            shelf: Arc::clone(self),
        }
    }

    /// Lets go of what was not used for longest. Returns whether there was anything that is not in use.
    pub(super) fn give_way(&self) -> bool {
        let mut things = self.things();
        let idle = things.iter().enumerate();
        let idle = idle.filter(|(_, thing)| Arc::strong_count(thing) == 1);
        let Some((oldest, _)) = idle.min_by_key(|(_, thing)| thing.used()) else {
            return false;
        };
        let oldest = things.swap_remove(oldest);
        // Its memory is given back without the lock, which that may take long for.
        drop(things);
        drop(oldest);
        true
    }

    /// DataFusion's pool as it is now.
    pub(super) fn pool(&self) -> Arc<dyn MemoryPool> {
        Arc::clone(&self.pool.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    /// A panic elsewhere leaves the list whole.
    fn things(&self) -> std::sync::MutexGuard<'_, Vec<Arc<dyn Thing>>> {
        self.things.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Shelf {
    /// A shelf without a limit.
    fn default() -> Self {
        Self {
            pool: RwLock::new(Arc::new(UnboundedMemoryPool::default())),
            things: Mutex::default(),
            clock: AtomicU64::new(0),
        }
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf")
            .field("things", &self.things().len())
            .finish_non_exhaustive()
    }
}

impl<T> Held<T> {
    /// `value` with what was granted for it, if it counts.
    pub(crate) fn new(value: T, memory: impl Into<Option<MemoryReservation>>) -> Arc<Self> {
        Arc::new(Self {
            value,
            used: AtomicU64::new(0),
            _memory: memory.into(),
        })
    }
}

impl<T> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Send + Sync> Thing for Held<T> {
    fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}

impl<T: Send + Sync> Kept<T> {
    /// The thing, which is used now, if it is still there.
    pub(crate) fn get(&self) -> Option<Arc<Held<T>>> {
        let held = self.held.upgrade()?;
        held.used.store(self.shelf.now(), Ordering::Relaxed);
        Some(held)
    }
}

impl<T: Send + Sync> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

impl<T: Send + Sync> Drop for Kept<T> {
    fn drop(&mut self) {
        let Some(held) = self.held.upgrade() else { return };
        let held = held as Arc<dyn Thing>;
        self.shelf.things().retain(|thing| !Arc::ptr_eq(thing, &held));
    }
}

impl<K: Ord + Clone, T: Send + Sync> Keep<K, T> {
    /// The thing `name`, if it is still there.
    pub(crate) fn get(&self, name: &K) -> Option<Arc<Held<T>>> {
        self.all().get(name).and_then(Kept::get)
    }

    /// The thing `name`, or what `make` makes with so many `bytes` of memory for `what`; `None` where the limit leaves less.
    pub(crate) fn get_or_make(
        &self,
        shelf: &Arc<Shelf>,
        name: K,
        what: impl Into<String>,
        bytes: usize,
        make: impl FnOnce() -> crate::Result<T>,
    ) -> crate::Result<Option<Arc<Held<T>>>> {
        if let Some(held) = self.get(&name) {
            return Ok(Some(held));
        }
        let _one = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = self.get(&name) {
            return Ok(Some(held));
        }
        let Some(memory) = shelf.reserve(what, bytes) else {
            return Ok(None);
        };
        let held = Held::new(make()?, memory);
        let other = self.all().insert(name, shelf.keep(&held));
        drop(other);
        Ok(Some(held))
    }

    /// The names of what is still there.
    pub(crate) fn names(&self) -> Vec<K> {
        let all = self.all();
        let there = all.iter().filter(|(_, kept)| kept.held.strong_count() > 0);
        there.map(|(name, _)| name.clone()).collect()
    }

    /// Lets go of all things but some.
    pub(crate) fn retain(&self, is_wanted: impl Fn(&K) -> bool) {
        self.all().retain(|name, _| is_wanted(name));
    }

    /// A panic elsewhere leaves the map whole.
    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<K, Kept<T>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, T: Send + Sync> Default for Keep<K, T> {
    fn default() -> Self {
        Self {
            all: Mutex::default(),
            making: Mutex::default(),
        }
    }
}

impl<K, T: Send + Sync> fmt::Debug for Keep<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keep")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test")]
mod tests {
    use datafusion::execution::memory_pool::GreedyMemoryPool;

    use super::*;

    fn shelf(limit: usize) -> (Arc<Shelf>, Arc<dyn MemoryPool>) {
        let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(limit));
        let shelf = Arc::new(Shelf {
            pool: RwLock::new(Arc::clone(&pool)),
            ..Shelf::default()
        });
        let over = Pool::new(pool, Arc::clone(&shelf));
        (shelf, Arc::new(over))
    }

    fn keep(
        shelf: &Arc<Shelf>,
        keep: &Keep<&'static str, Vec<u8>>,
        name: &'static str,
        bytes: usize,
    ) -> bool {
        let made = keep.get_or_make(shelf, name, name, bytes, || Ok(vec![0; bytes]));
        made.unwrap().is_some()
    }

    #[test]
    fn what_was_not_used_for_longest_gives_way() {
        let (shelf, pool) = shelf(100);
        let kept = Keep::default();
        assert!(keep(&shelf, &kept, "a", 40) && keep(&shelf, &kept, "b", 40));
        assert_eq!(kept.get(&"a").unwrap().len(), 40);
        // An operator of DataFusion's asks for 60 of the 20 that are left: `b`, which was used before `a`.
        let operator = MemoryConsumer::new("sort").register(&pool);
        operator.try_grow(60).unwrap();
        assert_eq!(kept.names(), ["a"]);
        assert_eq!(pool.reserved(), 100);
        assert!(operator.try_grow(50).is_err());
        assert_eq!((kept.names(), pool.reserved()), (vec![], 60));
    }

    #[test]
    fn what_is_in_use_does_not_give_way() {
        let (shelf, pool) = shelf(100);
        let kept = Keep::default();
        assert!(keep(&shelf, &kept, "a", 60));
        let used = kept.get(&"a").unwrap();
        assert!(!keep(&shelf, &kept, "b", 60));
        assert_eq!(pool.reserved(), 60);
        drop(used);
        assert!(keep(&shelf, &kept, "b", 60));
        assert_eq!((kept.names(), pool.reserved()), (vec!["b"], 60));
    }

    #[test]
    fn what_nobody_wants_gives_its_memory_back() {
        let (shelf, pool) = shelf(100);
        let kept = Keep::default();
        assert!(keep(&shelf, &kept, "a", 30) && keep(&shelf, &kept, "b", 20));
        let used = kept.get(&"a").unwrap();
        kept.retain(|name| *name == "b");
        assert_eq!((kept.names(), pool.reserved()), (vec!["b"], 50));
        drop(used);
        assert_eq!(pool.reserved(), 20);
        drop(kept);
        assert_eq!(pool.reserved(), 0);
    }

    async fn draw(session: &crate::Session) -> crate::Result<()> {
        let drawn = session.sql("SELECT usflux FROM GENERATE(seed => 7)").await?;
        drawn.collect().await?;
        Ok(())
    }

    #[tokio::test]
    async fn all_sessions_of_an_engine_have_one_limit() {
        let engine = crate::Engine::in_memory();
        let (one, other) = (engine.session().await.unwrap(), engine.session().await.unwrap());
        draw(&other).await.unwrap();
        one.sql("SET datafusion.runtime.memory_limit = '1M'")
            .await
            .unwrap();
        let third = engine.session().await.unwrap();
        for session in [&one, &other, &third] {
            let refused = draw(session).await.unwrap_err().to_string();
            assert!(refused.contains("more than the memory limit leaves"), "{refused}");
        }
        third.sql("RESET datafusion.runtime.memory_limit").await.unwrap();
        draw(&one).await.unwrap();
    }

    #[test]
    fn what_is_made_once_is_found_again() {
        let (shelf, _) = shelf(100);
        let kept = Keep::default();
        let make = |value: u8| {
            kept.get_or_make(&shelf, "a", "a", 10, || Ok(value))
                .unwrap()
                .unwrap()
        };
        assert_eq!((**make(1), **make(2)), (1, 1));
        let failed = kept.get_or_make(&shelf, "b", "b", 90, || Err(crate::Error::Cancelled));
        assert!(failed.is_err());
        // What failed holds no memory, so that there is room for it again.
        assert!(
            kept.get_or_make(&shelf, "b", "b", 90, || Ok(3))
                .unwrap()
                .is_some()
        );
    }
}
