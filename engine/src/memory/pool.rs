//! DataFusion's memory pool, in front of which what is kept between statements gives way.

use std::{fmt, sync::Arc};

use datafusion::{
    common::Result,
    execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation},
};

use super::Shelf;

#[derive(Debug)]
pub(super) struct Pool {
    pool: Arc<dyn MemoryPool>,
    shelf: Arc<Shelf>,
}

impl Pool {
    pub(super) fn new(pool: Arc<dyn MemoryPool>, shelf: Arc<Shelf>) -> Self {
        Self { pool, shelf }
    }

    pub(super) fn is_over(&self, pool: &Arc<dyn MemoryPool>) -> bool {
        Arc::ptr_eq(&self.pool, pool)
    }
}

impl MemoryPool for Pool {
    fn name(&self) -> &str {
        self.pool.name()
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.pool.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.pool.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.pool.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.pool.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        loop {
            match self.pool.try_grow(reservation, additional) {
                Err(error) if !self.shelf.give_way() => return Err(error),
                Err(_) => {}
                Ok(()) => return Ok(()),
            }
        }
    }

    fn reserved(&self) -> usize {
        self.pool.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.pool.memory_limit()
    }
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pool.fmt(f)
    }
}
