//! The route and the address that axum adds to the extensions of a request; none without the
//! feature `axum`.

#[cfg(feature = "axum")]
mod with_axum {
    use std::net::{IpAddr, SocketAddr};

    use axum::extract::{ConnectInfo, MatchedPath};
    use http::Extensions;

    /// The path's pattern, such as `/items/{item_id}`.
    pub(in crate::http::server) type Route = MatchedPath;

    pub(in crate::http::server) fn route(extensions: &Extensions) -> Option<&Route> {
        extensions.get()
    }

    pub(in crate::http::server) fn peer(extensions: &Extensions) -> Option<IpAddr> {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>()?;
        Some(peer.0.ip())
    }
}

#[cfg(not(feature = "axum"))]
mod without_axum {
    use std::{convert::Infallible, net::IpAddr};

    use http::Extensions;

    #[derive(Clone, Debug)]
    pub(in crate::http::server) struct Route(Infallible);

    impl Route {
        pub(in crate::http::server) fn as_str(&self) -> &str {
            match self.0 {}
        }
    }

    pub(in crate::http::server) fn route(_: &Extensions) -> Option<&Route> {
        None
    }

    pub(in crate::http::server) fn peer(_: &Extensions) -> Option<IpAddr> {
        None
    }
}

#[cfg(feature = "axum")]
pub(super) use self::with_axum::{Route, peer, route};
#[cfg(not(feature = "axum"))]
pub(super) use self::without_axum::{Route, peer, route};
