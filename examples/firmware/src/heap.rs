//! The heap, for one thread: a list of free blocks, sorted by address.
//!
//! ```text
//! free ──► [bytes, next] ──► [bytes, next] ──► null
//! ```
//!
//! A block's size is its layout's, rounded up to 8, so blocks in use need no header. A freed block is merged with the free
//! blocks beside it. The heap does not wipe freed memory: the owner of a secret does that before.

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

/// The bytes in use now.
pub fn in_use() -> usize {
    // SAFETY: see `Sync`.
    unsafe { (*HEAP.0.get()).in_use }
}

fn rounded(layout: Layout) -> usize {
    layout.size().next_multiple_of(UNIT)
}

// SAFETY: `alloc` returns a part of a free block, aligned to 8, and removes it from the list; `dealloc` inserts it again.
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
