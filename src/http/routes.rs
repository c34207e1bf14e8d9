//! Paths, and what each leads to.

/// Every path that is served, and what it is. Any other asks for a token too.
pub const ROUTES: [(&str, Route); 8] = [
    ("/", Route::Page),
    ("/board/code", Route::Code),
    ("/board/login", Route::SignIn),
    ("/board/logout", Route::SignOut),
    ("/mcp", Route::Mcp),
    ("/healthz", Route::Health),
    ("/readyz", Route::Ready),
    ("/metrics", Route::Metrics),
];

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// The page of the board, without any task. It needs no token.
    Page,
    /// Makes a code with which the page is signed in to.
    Code,
    /// Takes such a code, and gives a token for it. It needs none.
    SignIn,
    /// Ends the session of a page.
    SignOut,
    /// The MCP endpoint.
    Mcp,
    /// Says that the daemon lives, and nothing else. It needs no token.
    Health,
    /// Says whether the database can be used, and its state.
    Ready,
    /// What was counted.
    Metrics,
    /// Where clients look for an authorization server. There is none, and they are told in JSON, since some fail on
    /// anything else.
    Discovery,
    /// Nothing.
    Unknown,
}

impl Route {
    pub(super) fn of(path: &str) -> Self {
        // Some clients end each URL with a slash.
        let path = if path == "/mcp/" { "/mcp" } else { path };
        let known = ROUTES.iter().find(|(known, _)| *known == path);
        match known {
            Some((_, route)) => *route,
            None if path.starts_with("/.well-known/") || path == "/register" => Self::Discovery,
            None => Self::Unknown,
        }
    }

    /// What the log calls it; a path that is not ours may hold anything.
    pub(super) fn name(self) -> &'static str {
        let known = ROUTES.iter().find(|(_, route)| *route == self);
        known.map_or("other", |(path, _)| path)
    }
}
