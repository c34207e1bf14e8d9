//! Requests to an object store, signed.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};

use super::{Requests, refusal::error_code};
use crate::share::{
    http_client::{Outgoing, Reply, SendError},
    log::Digest,
    sigv4::{Credentials, Signed, authorization},
    visit::Visit,
};

impl Requests {
    /// Signs a request and sends it. Credentials that have expired are read anew, once.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        query: &str,
        body: Bytes,
        visit: &Visit,
    ) -> Result<Reply, SendError> {
        let deadline = visit.deadline(body.len());
        let credentials = self.credentials.lock().clone();
        let outgoing = self.signed(&method, path, query, body.clone(), &credentials)?;
        let reply = self.client.send(&outgoing, deadline).await?;
        let is_expired = matches!(
            error_code(&reply.body),
            Some(
                "ExpiredToken"
                    | "ExpiredTokenException"
                    | "InvalidAccessKeyId"
                    | "InvalidToken"
                    | "TokenRefreshRequired"
            )
        );
        if !(matches!(reply.status, 400 | 401 | 403) && is_expired) {
            return Ok(reply);
        }
        match self.environment.credentials(self.saved.as_ref()) {
            Ok(fresh) if fresh != credentials => {
                *self.credentials.lock() = fresh.clone();
                let outgoing = self.signed(&method, path, query, body, &fresh)?;
                self.client.send(&outgoing, deadline).await
            }
            _ => Ok(reply),
        }
    }

    fn signed(
        &self,
        method: &Method,
        path: &str,
        query: &str,
        body: Bytes,
        credentials: &Credentials,
    ) -> Result<Outgoing, SendError> {
        let digest = Digest::of(&body);
        let digest_text = digest.to_string();
        let time = jiff::Timestamp::now()
            .strftime("%Y%m%dT%H%M%SZ")
            .to_string();
        let mut headers = vec![("host", self.client.authority())];
        if *method == Method::PUT {
            headers.push(("if-none-match", "*"));
        }
        headers.push(("x-amz-content-sha256", &digest_text));
        headers.push(("x-amz-date", &time));
        if let Some(token) = &credentials.session_token {
            headers.push(("x-amz-security-token", token));
        }
        let line = authorization(
            &Signed {
                method: method.as_str(),
                path,
                query,
                headers: &headers,
                body: digest,
                time: &time,
                region: &self.region,
            },
            credentials,
        );
        headers.push(("authorization", &line));
        let headers = headers
            .iter()
            .filter(|(name, _)| *name != "host")
            .map(|(name, value)| {
                let mut value = HeaderValue::from_str(value).map_err(|_| {
                    SendError::NotSent(
                        "cannot be asked: the credentials have a line break in them".to_owned(),
                    )
                })?;
                value.set_sensitive(*name == "authorization" || *name == "x-amz-security-token");
                Ok((
                    HeaderName::from_bytes(name.as_bytes()).expect("ours are names of headers"),
                    value,
                ))
            });
        Ok(Outgoing {
            method: method.clone(),
            target: if query.is_empty() {
                path.to_owned()
            } else {
                format!("{path}?{query}")
            },
            headers: headers.collect::<Result<_, _>>()?,
            body,
        })
    }
}
