//! The daemon's own HTTP, with the tools, resources and prompts that the conformance suite asks for mounted on it.
//!
//! | file | what it holds |
//! |---|---|
//! | `tools` | the tools |
//! | `asking` | what asks the client back, in both eras |
//!
//! `conformance --db PATH` says where it listens, as `taskhold serve` does; `taskhold token show --db PATH` tells its
//! token. Nothing of it is in the product.

#![expect(
    deprecated,
    reason = "the suite asks for what the protocol will drop, too"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "the refusals of this server are of its own, and nobody reads them"
)]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a panic tells a failure, a line where it listens"
)]

use std::path::PathBuf;

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult,
        ContentBlock, GetPromptRequestParams, GetPromptResponse, GetPromptResult, JsonObject,
        ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
        PaginatedRequestParams, Prompt, PromptArgument, PromptMessage, ReadResourceRequestParams,
        ReadResourceResponse, ReadResourceResult, Resource, ResourceContents, ResourceTemplate,
        Role, ServerCapabilities, ServerConfig, SetLevelRequestParams, SubscribeRequestParams,
        SubscriptionFilter, Tool, UnsubscribeRequestParams,
    },
    service::{RequestContext, SubscriptionContext},
};
use serde_json::json;
use taskhold::{
    http::{self, Limits, Setup, Sockets, Tokens},
    store::db::Db,
};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// A red point.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// No sound.
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";

mod asking;
mod tools;

/// What the suite calls. Its answers are those that the suite's own descriptions ask for.
struct Fixtures {
    /// Told when a list is said to have changed.
    changes: broadcast::Sender<Changed>,
    /// Cancelled when subscriptions must end.
    ending: CancellationToken,
}

/// A list.
#[derive(Clone, Copy)]
enum Changed {
    Tools,
    Prompts,
}

fn embedded(uri: &str, media_type: &str, text: &str) -> ContentBlock {
    ContentBlock::resource(ResourceContents::text(text, uri).with_mime_type(media_type))
}

impl ServerHandler for Fixtures {
    fn get_info(&self) -> ServerConfig {
        let mut capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_completions()
            .build();
        capabilities.logging = Some(JsonObject::new());
        ServerConfig::new(capabilities)
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::all()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::all().into_iter().find(|tool| tool.name == name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let changed = match &*request.name {
            "test_trigger_tool_change" => Some(Changed::Tools),
            "test_trigger_prompt_change" => Some(Changed::Prompts),
            _ => None,
        };
        if let Some(changed) = changed {
            // Without a listener there is nobody to tell.
            let _ = self.changes.send(changed);
        }
        tools::call(request, context).await
    }

    /// Every level is heard: what is said at a level is for the tools to choose.
    async fn set_level(
        &self,
        _request: SetLevelRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn list_resources(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let uris = [
            "test://static-binary",
            "test://static-text",
            "test://watched-resource",
        ];
        let resources = uris.map(|uri| Resource::new(uri, uri.trim_start_matches("test://")));
        Ok(ListResourcesResult::with_all_items(resources.to_vec()))
    }

    async fn list_resource_templates(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let template = ResourceTemplate::new("test://template/{id}/data", "template");
        Ok(ListResourceTemplatesResult::with_all_items(vec![template]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = &request.uri;
        let id = uri
            .strip_prefix("test://template/")
            .and_then(|rest| rest.strip_suffix("/data"));
        let contents = match (uri.as_str(), id) {
            ("test://static-text" | "test://watched-resource", _) => {
                ResourceContents::text("This is the content of the static text resource.", uri)
                    .with_mime_type("text/plain")
            }
            ("test://static-binary", _) => {
                ResourceContents::blob(PNG, uri).with_mime_type("image/png")
            }
            (_, Some(id)) => {
                let data = format!("Data for ID: {id}");
                let data = json!({ "id": id, "templateTest": true, "data": data });
                ResourceContents::text(data.to_string(), uri).with_mime_type("application/json")
            }
            _ => {
                let uri = json!({ "uri": uri });
                return Err(ErrorData::resource_not_found("no such resource", Some(uri)));
            }
        };
        Ok(ReadResourceResult::new(vec![contents]).into())
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut news = self.changes.subscribe();
        loop {
            let changed = tokio::select! {
                () = context.cancelled() => return Ok(()),
                () = self.ending.cancelled() => return Ok(()),
                changed = news.recv() => changed,
            };
            // What was not asked for is refused, and need not be sent.
            let _ = match changed {
                Ok(Changed::Tools) => context.sink().notify_tool_list_changed().await,
                Ok(Changed::Prompts) => context.sink().notify_prompt_list_changed().await,
                Err(_) => Ok(()),
            };
        }
    }

    async fn subscribe(
        &self,
        _request: SubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(
        &self,
        _request: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn list_prompts(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let prompt = |name: &str, arguments: &[&str]| {
            let arguments = arguments
                .iter()
                .map(|name| PromptArgument::new(*name).with_required(true));
            Prompt::new(name, Some("A fixture"), Some(arguments.collect()))
        };
        Ok(ListPromptsResult::with_all_items(vec![
            prompt("test_input_required_result_prompt", &[]),
            prompt("test_prompt_with_arguments", &["arg1", "arg2"]),
            prompt("test_prompt_with_embedded_resource", &["resourceUri"]),
            prompt("test_prompt_with_image", &[]),
            prompt("test_simple_prompt", &[]),
        ]))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let given = asking::Given {
            responses: request.input_responses,
            state: request.request_state,
        };
        if let Some(missing) = asking::missing(&request.name, given, &context)? {
            return Ok(missing.into());
        }
        let arguments = request.arguments.unwrap_or_default();
        let argument = |name: &str| {
            arguments
                .get(name)
                .and_then(|value| value.as_str())
                .unwrap_or_default()
        };
        let say = |text: &str| PromptMessage::new_text(Role::User, text);
        let messages = match &*request.name {
            "test_input_required_result_prompt" => vec![say("With the context that was given.")],
            "test_simple_prompt" => vec![say("This is a simple prompt for testing.")],
            "test_prompt_with_arguments" => {
                let (one, two) = (argument("arg1"), argument("arg2"));
                vec![say(&format!(
                    "Prompt with arguments: arg1='{one}', arg2='{two}'"
                ))]
            }
            "test_prompt_with_embedded_resource" => vec![
                PromptMessage::new(
                    Role::User,
                    embedded(
                        argument("resourceUri"),
                        "text/plain",
                        "Embedded resource content for testing.",
                    ),
                ),
                say("Please process the embedded resource above."),
            ],
            "test_prompt_with_image" => vec![
                PromptMessage::new(Role::User, ContentBlock::image(PNG, "image/png")),
                say("Please analyze the image above."),
            ],
            name => {
                let message = format!("no prompt {name}");
                return Err(ErrorData::invalid_params(message, None));
            }
        };
        Ok(GetPromptResult::new(messages).into())
    }

    async fn complete(
        &self,
        _request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Ok(CompleteResult::default())
    }
}

#[cfg(unix)]
async fn asked_to_end(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    signal(SignalKind::terminate()).unwrap().recv().await;
    stop.cancel();
}

#[cfg(not(unix))]
async fn asked_to_end(stop: CancellationToken) {
    tokio::signal::ctrl_c().await.unwrap();
    stop.cancel();
}

fn main() {
    let database = std::env::args()
        .nth(2)
        .expect("usage: conformance --db PATH");
    let database = PathBuf::from(database);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let db = Db::start(&database, 1);
    runtime.block_on(async {
        let tokens = Tokens::new(&database);
        tokens.own().unwrap();
        let mut sockets = Sockets::default();
        sockets.open_loopback(0).await.unwrap();
        println!("listening: {}", sockets.urls().next().unwrap());
        let setup = Setup {
            tokens,
            limits: Limits::default(),
            names: Vec::new(),
            idle_exit: None,
            logs_requests: true,
        };
        let stop = CancellationToken::new();
        tokio::spawn(asked_to_end(stop.clone()));
        let (changes, _) = broadcast::channel(16);
        let fixtures = move |ending| Fixtures {
            changes: changes.clone(),
            ending,
        };
        http::serve(sockets, setup, db.session(), fixtures, stop).await;
    });
    db.close().unwrap();
}
