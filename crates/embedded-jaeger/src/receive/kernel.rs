//! Datagrams that the kernel dropped before they could be read.

use std::{
    fs,
    net::{IpAddr, SocketAddr},
};

/// The number of datagrams to the socket bound to `address` that the kernel has dropped. `None` on
/// systems other than Linux, which has it in the last column of its table of sockets (proc(5),
/// `/proc/net/udp`).
pub(crate) fn dropped(address: SocketAddr) -> Option<u64> {
    let table = match address {
        SocketAddr::V4(_) => "/proc/net/udp",
        SocketAddr::V6(_) => "/proc/net/udp6",
    };
    in_table(&fs::read_to_string(table).ok()?, address)
}

fn in_table(table: &str, address: SocketAddr) -> Option<u64> {
    let local = local_address(address);
    let mut rows = table.lines().skip(1).map(str::split_whitespace);
    let mut row = rows.find(|row| row.clone().nth(1) == Some(&local))?;
    row.next_back()?.parse().ok()
}

/// The address as the table has it: its words in the machine's byte order, and the port.
fn local_address(address: SocketAddr) -> String {
    let octets = match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let words = octets.chunks_exact(4).map(|word| {
        let word: [u8; 4] = word.try_into().unwrap_or_default();
        format!("{:08X}", u32::from_ne_bytes(word))
    });
    format!("{}:{:04X}", words.collect::<String>(), address.port())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[test]
    fn what_nobody_reads_is_dropped_and_counted() {
        for local in ["127.0.0.1:0", "[::1]:0"] {
            // A container may have no IPv6.
            let Ok(socket) = UdpSocket::bind(local) else {
                continue;
            };
            let address = socket.local_addr().unwrap();
            assert_eq!(dropped(address), Some(0));
            let sender = UdpSocket::bind(local).unwrap();
            for _ in 0..10_000 {
                sender.send_to(&[0; 1_000], address).unwrap();
            }
            assert!(dropped(address) > Some(0), "{local}");
        }
    }

    #[test]
    fn a_socket_that_is_not_in_the_table_is_not_known() {
        assert_eq!(in_table("", "127.0.0.1:1".parse().unwrap()), None);
        assert_eq!(in_table("head\n\n x\n", "[::1]:1".parse().unwrap()), None);
    }
}
