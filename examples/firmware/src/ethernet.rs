//! The board's own Ethernet, with smoltcp as the network stack: plain TCP to an address. For `https`, put a TLS library
//! between `Socket` and `Incoming`; for host names use smoltcp's `socket-dns`, for the board's address `socket-dhcpv4`.

use crate::board::{self, Controller};
use crate::network::{Deadline, Network};
use alloc::format;
use core::net::Ipv4Addr;
use core::time::Duration;
use minbearer::{Error, Incoming, NetworkCause, Url};
use smoltcp::iface::{Config, Interface, SocketSet, SocketStorage};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, Ipv4Cidr};
use zeroize::{Zeroize, Zeroizing};

/// The addresses of a board and of the router in QEMU's network. The router also forwards to the host.
const ADDRESS: Ipv4Cidr = Ipv4Cidr::new(Ipv4Addr::new(10, 0, 2, 15), 24);
const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);

/// An Ethernet frame: payload and header.
const MAX_FRAME_BYTES: usize = 1500 + 14;
const SOCKET_BUFFER_BYTES: usize = 1024;
/// How long a server may take to close its side as well.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

pub struct Ethernet {
    frames: Frames,
    interface: Interface,
    clock: Clock,
    port: u16,
}

impl Ethernet {
    pub fn new(controller: Controller) -> Ethernet {
        let mut frames = Frames {
            controller,
            incoming: Zeroizing::new([0; MAX_FRAME_BYTES]),
            outgoing: Zeroizing::new([0; MAX_FRAME_BYTES]),
        };
        let mut clock = Clock { last: board::ticks(), millis: 0 };
        let random = board::random_bits();
        let mut config = Config::new(EthernetAddress(Controller::ADDRESS).into());
        config.random_seed = random;
        let mut interface = Interface::new(config, &mut frames, clock.now());
        // Neither can fail: there is room for one address and one route.
        interface.update_ip_addrs(|addresses| {
            let _ = addresses.push(ADDRESS.into());
        });
        let _ = interface.routes_mut().add_default_ipv4_route(ROUTER);
        Ethernet { frames, interface, clock, port: random as u16 }
    }

    fn poll(&mut self, sockets: &mut SocketSet<'_>) {
        self.interface.poll(self.clock.now(), &mut self.frames, sockets);
    }

    /// The next dynamic port (RFC 6335 section 6).
    fn next_port(&mut self) -> u16 {
        self.port = self.port.wrapping_add(1) | 0xC000;
        self.port
    }
}

impl Network for Ethernet {
    fn exchange(
        &mut self,
        url: &Url,
        mut request: &[u8],
        deadline: Deadline,
        answer: &mut Incoming,
    ) -> Result<(), Error> {
        let (host, port) = (url.host(), url.port());
        let (false, Ok(server)) = (url.is_https(), host.parse::<Ipv4Addr>()) else {
            let message = format!("{host}:{port} is not plain http to an IPv4 address");
            return Err(Error::config(message));
        };
        let mut received = Zeroizing::new([0; SOCKET_BUFFER_BYTES]);
        let mut to_send = Zeroizing::new([0; SOCKET_BUFFER_BYTES]);
        let mut socket =
            Socket::new(SocketBuffer::new(&mut received[..]), SocketBuffer::new(&mut to_send[..]));
        let local_port = self.next_port();
        let no_connection = || {
            Error::network(format!("there is no connection to {host}:{port}"))
                .with_network_cause(NetworkCause::Connect)
        };
        socket
            .connect(self.interface.context(), (server, port), local_port)
            .map_err(|_| no_connection())?;
        let mut storage = [SocketStorage::EMPTY];
        let mut sockets = SocketSet::new(&mut storage[..]);
        let handle = sockets.add(socket);

        let mut was_open = false;
        let outcome = loop {
            self.poll(&mut sockets);
            let socket = sockets.get_mut::<Socket>(handle);
            was_open |= socket.may_send();
            if socket.can_send() {
                let sent = socket.send_slice(request).unwrap_or_default();
                request = request.get(sent..).unwrap_or_default();
            }
            if socket.can_recv() {
                let pushed = socket.recv(|bytes| (bytes.len(), answer.push(bytes)));
                match pushed {
                    Ok(Ok(false)) | Err(_) => {}
                    Ok(Ok(true)) => break Ok(()),
                    Ok(Err(error)) => break Err(error),
                }
            } else if was_open && !socket.may_recv() {
                break Ok(()); // the server has closed
            } else if socket.state() == State::Closed {
                break Err(no_connection());
            }
            if let Err(error) = deadline.check(host) {
                break Err(error);
            }
        };

        if outcome.is_ok() {
            sockets.get_mut::<Socket>(handle).close();
            let closing = Deadline::after(CLOSE_TIMEOUT);
            while sockets.get::<Socket>(handle).is_active() && !closing.has_passed() {
                self.poll(&mut sockets);
            }
        }
        sockets.get_mut::<Socket>(handle).abort();
        self.poll(&mut sockets);
        outcome
    }
}

/// Converts the board's ticks, which wrap around, to smoltcp's milliseconds, which do not.
struct Clock {
    last: u32,
    millis: i64,
}

impl Clock {
    fn now(&mut self) -> Instant {
        let ticks = board::ticks();
        let passed = i64::from(ticks.wrapping_sub(self.last));
        self.millis += passed * i64::from(1000 / board::TICKS_PER_SECOND);
        self.last = ticks;
        Instant::from_millis(self.millis)
    }
}

/// The controller as a smoltcp device, with a frame buffer for each direction, wiped after use.
struct Frames {
    controller: Controller,
    incoming: Zeroizing<[u8; MAX_FRAME_BYTES]>,
    outgoing: Zeroizing<[u8; MAX_FRAME_BYTES]>,
}

struct Received<'a>(&'a mut [u8]);

struct Sending<'a> {
    controller: &'a mut Controller,
    buffer: &'a mut [u8],
}

impl Device for Frames {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Sending<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Sending<'_>)> {
        if !self.controller.can_send() {
            return None;
        }
        let len = self.controller.receive(&mut self.incoming[..])?;
        let frame = self.incoming.get_mut(..len)?;
        let controller = &mut self.controller;
        Some((Received(frame), Sending { controller, buffer: &mut self.outgoing[..] }))
    }

    fn transmit(&mut self, _: Instant) -> Option<Sending<'_>> {
        let controller = &mut self.controller;
        controller.can_send().then_some(Sending { controller, buffer: &mut self.outgoing[..] })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = MAX_FRAME_BYTES;
        capabilities.max_burst_size = Some(1); // the controller has 2 KiB for received frames
        capabilities
    }
}

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        let result = read(self.0);
        self.0.zeroize();
        result
    }
}

impl TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, fill: F) -> R {
        // smoltcp never needs more than the MTU.
        let frame = self.buffer.get_mut(..len).unwrap_or_default();
        let result = fill(frame);
        self.controller.send(frame);
        frame.zeroize();
        result
    }
}
