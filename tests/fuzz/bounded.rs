//! An allocator that ends the process where a small input asks for more memory than any file of its size needs.
//! libFuzzer's own limit looks once a second, and sees nothing of what is given back before.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What all allocations together may take. Inputs have some kilobytes.
const MOST_BYTES: usize = 512 << 20;

struct Bounded;

#[global_allocator]
static ALLOCATOR: Bounded = Bounded;
static TAKEN: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is done by the system's allocator; this one only counts.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        TAKEN.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        take(size);
        TAKEN.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.realloc(place, layout, size) }
    }
}

fn take(bytes: usize) {
    let before = TAKEN.fetch_add(bytes, Ordering::Relaxed);
    if bytes > MOST_BYTES || before > MOST_BYTES {
        // Printing may allocate, which must not end here again.
        TAKEN.store(0, Ordering::Relaxed);
        eprintln!("{bytes} bytes are asked for beside {before}");
        std::process::abort();
    }
}
