//! A board in QEMU that runs `examples/firmware`, with a modem on its serial line or QEMU's network on its Ethernet.
//!
//! `.ci/firmware` builds the images; the variable `FIRMWARE` names their folder.

use super::modem::{Behaviour, Modem};
use super::qemu::Qemu;
use std::path::PathBuf;

/// A board and how it is connected.
pub struct Board {
    /// Also the image's name.
    pub name: &'static str,
    emulator: &'static [&'static str],
    ram: (u32, u32),
    has_modem: bool,
}

const CORTEX_M0: Board = Board {
    name: "microbit",
    emulator: &["qemu-system-arm", "-M", "microbit"],
    ram: (0x2000_0000, 16 * 1024),
    has_modem: true,
};
const CORTEX_M3: Board = Board {
    name: "lm3s6965evb",
    emulator: &["qemu-system-arm", "-M", "lm3s6965evb", "-nic", "user"],
    ram: (0x2000_0000, 64 * 1024),
    has_modem: true,
};
const CORTEX_M3_ETHERNET: Board =
    Board { name: "lm3s6965evb-ethernet", has_modem: false, ..CORTEX_M3 };
const RISC_V: Board = Board {
    name: "sifive_e",
    emulator: &["qemu-system-riscv32", "-M", "sifive_e", "-bios", "none"],
    ram: (0x8000_0000, 16 * 1024),
    has_modem: true,
};

/// The firmware in C, `examples/c/firmware`: client credentials alone.
pub const CORTEX_M3_IN_C: Board = Board { name: "lm3s6965evb-c", ..CORTEX_M3 };

/// The boards whose images were built.
pub fn boards() -> Vec<Board> {
    let mut boards = vec![CORTEX_M0, CORTEX_M3, CORTEX_M3_ETHERNET, RISC_V];
    boards.retain(|board| has_image(board.name));
    assert!(!boards.is_empty(), "there is no image: run .ci/firmware");
    boards
}

pub fn has_image(name: &str) -> bool {
    image_path(name).exists()
}

/// The firmware's settings.
#[derive(Clone)]
pub struct Settings {
    pub flow: &'static str,
    pub token_url: String,
    pub id: String,
    pub secret: String,
    pub api_url: String,
}

/// A running firmware.
pub struct Running<'a> {
    board: &'a Board,
    qemu: Qemu,
    modem: Option<Modem>,
}

/// How a run ended.
pub struct Outcome {
    pub status: i32,
    pub printed: String,
    /// The commands that the modem received.
    pub commands: Vec<String>,
}

impl Board {
    /// Runs the firmware from start to end.
    pub fn run(&self, settings: &Settings, behaviour: Behaviour) -> Outcome {
        self.start(self.name, settings, behaviour, false).finish()
    }

    /// The same with another image of the board.
    pub fn run_image(&self, image: &str, settings: &Settings) -> Outcome {
        self.start(image, settings, Behaviour::default(), false).finish()
    }

    /// Starts the firmware so that it stops while it holds the token, and again when it has dropped everything.
    pub fn start_with_stops(&self, settings: &Settings) -> Running<'_> {
        self.start(self.name, settings, Behaviour::default(), true)
    }

    fn start(
        &self,
        image: &str,
        settings: &Settings,
        behaviour: Behaviour,
        stops: bool,
    ) -> Running<'_> {
        let modem = self.has_modem.then(|| Modem::listen(behaviour));
        let (token_url, api_url) = (self.seen(&settings.token_url), self.seen(&settings.api_url));
        let mut arguments =
            vec!["firmware", settings.flow, &token_url, &settings.id, &settings.secret, &api_url];
        if stops {
            arguments.push("stop");
        }
        let serial = modem.as_ref().map(Modem::line);
        let qemu = Qemu::start(self.emulator, &image_path(image), &arguments, serial);
        Running { board: self, qemu, modem }
    }

    /// A URL of this machine as the board reaches it: in QEMU's network its host has another address.
    fn seen(&self, url: &str) -> String {
        if self.has_modem { url.to_owned() } else { url.replace("127.0.0.1", "10.0.2.2") }
    }
}

impl Running<'_> {
    /// The whole RAM.
    fn ram(&mut self) -> Vec<u8> {
        let (start, len) = self.board.ram;
        let ram = self.qemu.memory(start, len);
        assert_eq!(ram.len(), len as usize, "the RAM of {}", self.board.name);
        ram
    }

    /// The RAM while the token is held, and after it was dropped.
    pub fn ram_at_stops(&mut self) -> [Vec<u8>; 2] {
        ["held", "dropped"].map(|stop| {
            self.qemu.wait_for(stop);
            let ram = self.ram();
            self.qemu.go_on();
            ram
        })
    }

    pub fn finish(self) -> Outcome {
        let (status, printed) = self.qemu.finish();
        Outcome { status, printed, commands: self.modem.map_or_else(Vec::new, Modem::commands) }
    }
}

fn image_path(name: &str) -> PathBuf {
    let images = std::env::var("FIRMWARE").expect("FIRMWARE is not set: run .ci/firmware");
    PathBuf::from(images).join(name)
}

/// The flash that an image needs: the bytes of its ELF file's loadable segments.
pub fn flash_bytes(image: &str) -> u32 {
    let elf = std::fs::read(image_path(image)).expect("an image of .ci/firmware");
    let word = |at: usize| u32::from_le_bytes(elf[at..at + 4].try_into().unwrap());
    let half = |at: usize| u16::from_le_bytes(elf[at..at + 2].try_into().unwrap());
    let (headers, size, count) = (word(0x1C) as usize, half(0x2A), half(0x2C));
    let headers = (0..count).map(|index| headers + usize::from(index) * usize::from(size));
    headers.filter(|&at| word(at) == 1).map(|at| word(at + 0x10)).sum() // PT_LOAD: p_filesz
}
