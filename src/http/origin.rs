//! Closed to web pages but our own: which requests are turned away for how they were addressed, before anything else is looked at.
//!
//! A page in the user's browser can make the browser send requests to this machine. What it cannot do is choose the
//! `Host` and the `Origin` the browser writes, nor read an answer that does not permit it; we never permit it. A name
//! that an attacker's DNS turns into 127.0.0.1 still stands in `Host`, so only our own names pass.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, StatusCode, header, request::Parts, uri::Authority};

/// At which of our addresses a request arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ListenAddress {
    /// A TCP port.
    Tcp {
        /// Our end of the connection.
        local: SocketAddr,
        /// Whether it is encrypted.
        tls: bool,
    },
    /// The Unix socket, which no browser reaches.
    #[cfg_attr(not(unix), allow(dead_code, reason = "there are none"))]
    Socket,
}

/// A request that is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// Why, for a person.
    pub(super) reason: &'static str,
}

const fn refuse(status: StatusCode, reason: &'static str) -> Refusal {
    Refusal { status, reason }
}

/// Checks how a request is addressed. `names` are further host names of this machine, in lower case.
pub(super) fn check(
    head: &Parts,
    address: &ListenAddress,
    names: &[String],
) -> Result<(), Refusal> {
    if head.uri.authority().is_some() || head.uri.scheme().is_some() {
        let reason = "the request line must hold a path alone; this is no proxy";
        return Err(refuse(StatusCode::BAD_REQUEST, reason));
    }
    let host = only_host(&head.headers)?;
    check_host(&host, address, names)?;
    check_origin(&head.headers, address, names)
}

/// Returns which site a browser says that a request comes from (W3C Fetch Metadata): `same-origin`, `same-site`, `cross-site`, or
/// `none` for what the user did by hand; `None` where nothing is said, as by programs. What cannot be read is some other site.
pub(super) fn site(headers: &HeaderMap) -> Option<&str> {
    let site = headers.get("sec-fetch-site")?;
    Some(site.to_str().unwrap_or("cross-site"))
}

/// Refuses what a browser sends for a page of another site, or of another port of this machine: that has no `Origin` where it is
/// no request of a script.
pub(super) fn check_site(headers: &HeaderMap) -> Result<(), Refusal> {
    match site(headers) {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => {
            let reason = "a page of another site asked for this";
            Err(refuse(StatusCode::FORBIDDEN, reason))
        }
    }
}

fn only_host(headers: &HeaderMap) -> Result<Authority, Refusal> {
    let bad = |reason| refuse(StatusCode::BAD_REQUEST, reason);
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts
        .next()
        .ok_or_else(|| bad("the Host header is missing"))?;
    if hosts.next().is_some() {
        return Err(bad("there are two Host headers"));
    }
    // The characters an authority has beyond a host and a port introduce a user, a path or a query.
    let text = host.to_str().unwrap_or_default();
    if text.contains(['@', '/', '?', '#', '\\']) {
        return Err(bad("the Host header holds more than a host and a port"));
    }
    text.parse()
        .map_err(|_| bad("the Host header is malformed"))
}

fn check_host(host: &Authority, address: &ListenAddress, names: &[String]) -> Result<(), Refusal> {
    let ListenAddress::Tcp { local, tls } = address else {
        return Ok(());
    };
    if port(host, *tls) == Some(local.port()) && is_ours(host.host(), local.ip(), names) {
        return Ok(());
    }
    let reason = "the Host header names another server";
    Err(refuse(StatusCode::FORBIDDEN, reason))
}

fn check_origin(
    headers: &HeaderMap,
    address: &ListenAddress,
    names: &[String],
) -> Result<(), Refusal> {
    let refusal = refuse(
        StatusCode::FORBIDDEN,
        "web pages are not served, but for the page of the board",
    );
    for origin in headers.get_all(header::ORIGIN) {
        let ListenAddress::Tcp { local, tls } = address else {
            return Err(refusal);
        };
        let scheme = if *tls { "https://" } else { "http://" };
        let own = origin
            .to_str()
            .ok()
            .and_then(|origin| origin.strip_prefix(scheme))
            .filter(|origin| !origin.contains(['@', '/', '?', '#', '\\']))
            .and_then(|origin| origin.parse::<Authority>().ok())
            .is_some_and(|origin| {
                port(&origin, *tls) == Some(local.port())
                    && is_ours(origin.host(), local.ip(), names)
            });
        if !own {
            return Err(refusal);
        }
    }
    Ok(())
}

/// Returns the port that an authority names; `None` if it cannot be read, which is not the same as none at all.
fn port(authority: &Authority, tls: bool) -> Option<u16> {
    match authority.as_str().strip_prefix(authority.host())? {
        "" => Some(if tls { 443 } else { 80 }),
        port => port.strip_prefix(':')?.parse().ok(),
    }
}

fn is_ours(host: &str, local: IpAddr, names: &[String]) -> bool {
    let host = host.to_ascii_lowercase();
    // A client over IPv4 reaches a socket of both kinds at such an address in the guise of IPv6.
    let local = local.to_canonical();
    if names.contains(&host) || (local.is_loopback() && host == "localhost") {
        return true;
    }
    let literal = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(&host);
    literal.parse::<IpAddr>().is_ok_and(|ip| ip == local)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn address(local: &str) -> ListenAddress {
        ListenAddress::Tcp {
            local: local.parse().unwrap(),
            tls: false,
        }
    }

    fn status(uri: &str, headers: &[(&str, &str)]) -> u16 {
        let names = ["tasks.example".to_owned()];
        match check(&head(uri, headers), &address("127.0.0.1:8275"), &names) {
            Ok(()) => 200,
            Err(refusal) => refusal.status.as_u16(),
        }
    }

    #[test]
    fn only_our_own_hosts_with_our_port_pass() {
        let cases = [
            ("127.0.0.1:8275", 200),
            ("localhost:8275", 200),
            ("LOCALHOST:8275", 200),
            ("tasks.example:8275", 200),
            ("127.0.0.1", 403),
            ("127.0.0.1:1", 403),
            ("127.0.0.1:", 403),
            ("127.0.0.1:08275x", 403),
            ("[::1]:8275", 403),
            ("0.0.0.0:8275", 403),
            ("127.0.0.2:8275", 403),
            ("2130706433:8275", 403),
            ("evil.com", 403),
            ("evil.com:8275", 403),
            ("localhost.evil.com:8275", 403),
            ("localhost.:8275", 403),
            ("evil.com@localhost:8275", 400),
            ("localhost:8275/x", 400),
            ("", 400),
        ];
        for (host, expected) in cases {
            assert_eq!(status("/mcp", &[("host", host)]), expected, "{host:?}");
        }
        assert_eq!(status("/mcp", &[]), 400);
        let twice = [("host", "localhost:8275"), ("host", "localhost:8275")];
        assert_eq!(status("/mcp", &twice), 400);
        let absolute = "http://localhost:8275/mcp";
        assert_eq!(status(absolute, &[("host", "localhost:8275")]), 400);
    }

    #[test]
    fn of_all_origins_only_our_own_passes() {
        let cases = [
            ("http://127.0.0.1:8275", 200),
            ("http://localhost:8275", 200),
            ("https://localhost:8275", 403),
            ("http://localhost:3000", 403),
            ("http://localhost", 403),
            ("https://evil.com", 403),
            ("http://evil.com@localhost:8275", 403),
            ("http://localhost:8275.evil.com", 403),
            ("null", 403),
            ("", 403),
            ("file://", 403),
        ];
        for (origin, expected) in cases {
            let headers = [("host", "localhost:8275"), ("origin", origin)];
            assert_eq!(status("/mcp", &headers), expected, "{origin:?}");
        }
        let both = [
            ("host", "localhost:8275"),
            ("origin", "http://localhost:8275"),
            ("origin", "http://evil.com"),
        ];
        assert_eq!(status("/mcp", &both), 403);
    }

    #[test]
    fn each_address_answers_to_its_own_number() {
        let check =
            |host, local| check(&head("/", &[("host", host)]), &address(local), &[]).is_ok();
        assert!(check("[::1]:8275", "[::1]:8275"));
        assert!(check("localhost:8275", "[::1]:8275"));
        assert!(check("192.168.1.5:8275", "192.168.1.5:8275"));
        assert!(check("localhost:8275", "[::ffff:127.0.0.1]:8275"));
        assert!(check("127.0.0.1:8275", "[::ffff:127.0.0.1]:8275"));
        assert!(!check("localhost:8275", "[::ffff:192.168.1.5]:8275"));
        assert!(!check("localhost:8275", "192.168.1.5:8275"));
        assert!(check("192.168.1.5", "192.168.1.5:80"));
        assert!(!check("192.168.1.5:", "192.168.1.5:80"));
        assert!(!check("192.168.1.5:x", "192.168.1.5:80"));
    }

    #[test]
    fn no_origin_passes_the_socket() {
        let headers = [("host", "localhost"), ("origin", "http://localhost")];
        assert!(check(&head("/", &headers), &ListenAddress::Socket, &[]).is_err());
        assert!(check(&head("/", &headers[..1]), &ListenAddress::Socket, &[]).is_ok());
    }
}
