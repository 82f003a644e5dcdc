//! Arm Cortex-M, with the instructions of the smallest one, the M0.

use core::arch::{asm, global_asm};

global_asm!(
    // The vector table of 16: the stack's top, reset, the faults, and SysTick last.
    ".section .start, \"a\"",
    ".word __stack_top",
    ".word reset",
    ".rept 13",
    ".word fault",
    ".endr",
    ".word sys_tick",
    ".section .text.reset, \"ax\"",
    ".global reset",
    ".thumb_func",
    "reset:",
    "ldr r0, =__stack_low",
    "ldr r1, =__stack_top",
    "ldr r2, ={untouched}",
    "1: stmia r0!, {{r2}}",
    "cmp r0, r1",
    "blo 1b",
    "ldr r0, =__bss_start",
    "ldr r1, =__bss_end",
    "movs r2, #0",
    "2: cmp r0, r1",
    "bhs 3f",
    "stmia r0!, {{r2}}",
    "b 2b",
    "3: ldr r0, =__data_start",
    "ldr r1, =__data_end",
    "ldr r2, =__data_load",
    "4: cmp r0, r1",
    "bhs 5f",
    "ldmia r2!, {{r3}}",
    "stmia r0!, {{r3}}",
    "b 4b",
    "5: bl start_board",
    untouched = const super::UNTOUCHED,
);

#[cfg(not(feature = "lm3s6965evb"))]
#[unsafe(no_mangle)]
extern "C" fn sys_tick() {} // never started

/// Calls the debugger, here QEMU.
pub fn semihosting(operation: usize, parameter: *mut usize) -> usize {
    let answer;
    // SAFETY: the callers pass the parameters of the operation.
    unsafe { asm!("bkpt #0xAB", inlateout("r0") operation => answer, in("r1") parameter) };
    answer
}
