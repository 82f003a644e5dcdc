//! 32-bit RISC-V in machine mode.

use core::arch::{asm, global_asm};

global_asm!(
    ".section .start, \"ax\"",
    ".global reset",
    "reset:",
    "la t0, fault",
    "csrw mtvec, t0",
    "la sp, __stack_top",
    "la t0, __stack_low",
    "li t1, {untouched}",
    "1: sw t1, 0(t0)",
    "addi t0, t0, 4",
    "bltu t0, sp, 1b",
    "la t0, __bss_start",
    "la t1, __bss_end",
    "2: bgeu t0, t1, 3f",
    "sw zero, 0(t0)",
    "addi t0, t0, 4",
    "j 2b",
    "3: la t0, __data_start",
    "la t1, __data_end",
    "la t2, __data_load",
    "4: bgeu t0, t1, 5f",
    "lw t3, 0(t2)",
    "sw t3, 0(t0)",
    "addi t2, t2, 4",
    "addi t0, t0, 4",
    "j 4b",
    "5: call start_board",
    untouched = const super::UNTOUCHED,
);

/// Calls the debugger, here QEMU.
pub fn semihosting(operation: usize, parameter: *mut usize) -> usize {
    let answer;
    // SAFETY: the callers pass the parameters of the operation. The three instructions mark a semihosting call; they must
    // be uncompressed and on one page.
    unsafe {
        asm!(
            ".balign 16",
            ".option push",
            ".option norvc",
            "slli x0, x0, 0x1f",
            "ebreak",
            "srai x0, x0, 7",
            ".option pop",
            inlateout("a0") operation => answer,
            in("a1") parameter,
        );
    }
    answer
}
