//! The heap: a list of free blocks in the order of their addresses, for one thread.
//!
//! ```text
//! free ──► [bytes, next] ──► [bytes, next] ──► null
//! ```
//!
//! A block's size is that of its layout, rounded up to 8, so blocks in use have no header. What is freed joins the
//! free blocks beside it. Freed memory is not wiped: whatever held a secret has done that before.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::null_mut;

const UNIT: usize = 8;

struct Block {
    bytes: usize,
    next: *mut Block,
}

struct State {
    free: *mut Block,
    is_ready: bool,
    in_use: usize,
    peak: usize,
}

struct Heap(UnsafeCell<State>);

// SAFETY: there is one thread, and no interrupt allocates.
unsafe impl Sync for Heap {}

#[global_allocator]
static HEAP: Heap =
    Heap(UnsafeCell::new(State { free: null_mut(), is_ready: false, in_use: 0, peak: 0 }));

unsafe extern "C" {
    static mut __heap_start: [u8; 0];
    static mut __heap_end: [u8; 0];
}

/// The most that was in use at once, in bytes.
pub fn peak() -> usize {
    // SAFETY: see `Sync`.
    unsafe { (*HEAP.0.get()).peak }
}

/// What is in use now, in bytes.
pub fn in_use() -> usize {
    // SAFETY: see `Sync`.
    unsafe { (*HEAP.0.get()).in_use }
}

fn rounded(layout: Layout) -> usize {
    layout.size().next_multiple_of(UNIT)
}

// SAFETY: a block handed out is cut from a free one and is aligned to 8; it joins the list again when it is freed.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let bytes = rounded(layout);
        if layout.align() > UNIT || bytes > isize::MAX as usize {
            return null_mut();
        }
        // SAFETY: there is one thread, and the list holds free blocks of this heap only.
        unsafe {
            let state = &mut *self.0.get();
            if !state.is_ready {
                state.is_ready = true;
                state.free = (&raw mut __heap_start).cast();
                let bytes = (&raw const __heap_end) as usize - state.free as usize;
                state.free.write(Block { bytes, next: null_mut() });
            }
            let mut link = &raw mut state.free;
            while !(*link).is_null() {
                let block = *link;
                if (*block).bytes >= bytes {
                    if (*block).bytes == bytes {
                        *link = (*block).next;
                    } else {
                        let rest = block.byte_add(bytes);
                        rest.write(Block { bytes: (*block).bytes - bytes, next: (*block).next });
                        *link = rest;
                    }
                    state.in_use += bytes;
                    state.peak = state.peak.max(state.in_use);
                    return block.cast();
                }
                link = &raw mut (*block).next;
            }
            null_mut()
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let bytes = rounded(layout);
        let block = pointer.cast::<Block>();
        // SAFETY: as above; the block came from `alloc` with this layout.
        unsafe {
            let state = &mut *self.0.get();
            state.in_use -= bytes;
            let mut before: *mut Block = null_mut();
            let mut next = state.free;
            while !next.is_null() && next < block {
                before = next;
                next = (*next).next;
            }
            block.write(Block { bytes, next });
            if block.byte_add(bytes) == next {
                block.write(Block { bytes: bytes + (*next).bytes, next: (*next).next });
            }
            if before.is_null() {
                state.free = block;
            } else if before.byte_add((*before).bytes) == block {
                before
                    .write(Block { bytes: (*before).bytes + (*block).bytes, next: (*block).next });
            } else {
                (*before).next = block;
            }
        }
    }
}
