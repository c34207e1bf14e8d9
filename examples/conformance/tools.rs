//! The tools that the suite calls.

use std::time::Duration;

use rmcp::{
    ErrorData, RoleServer,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ContentBlock,
        LoggingLevel, LoggingMessageNotificationParam, ProgressNotificationParam, Tool,
    },
    service::RequestContext,
};
use serde_json::{Value, json};

use crate::{PNG, WAV, asking, embedded};

/// Between two things that are to be heard one after the other.
const PAUSE: Duration = Duration::from_millis(50);

/// Every tool, with what its arguments are.
fn schemas() -> Vec<(&'static str, Value)> {
    let text = |name: &str| json!({ "type": "object", "properties": { name: { "type": "string" } }, "required": [name] });
    let none = || json!({ "type": "object", "additionalProperties": false });
    let mut schemas: Vec<_> = asking::TOOLS.map(|name| (name, none())).to_vec();
    schemas.extend(
        [
            "test_audio_content",
            "test_elicitation_sep1034_defaults",
            "test_elicitation_sep1330_enums",
            "test_embedded_resource",
            "test_error_handling",
            "test_image_content",
            "test_logging_tool",
            "test_missing_capability",
            "test_multiple_content_types",
            "test_simple_text",
            "test_tool_with_logging",
            "test_tool_with_progress",
            "test_trigger_prompt_change",
            "test_trigger_tool_change",
        ]
        .map(|name| (name, none())),
    );
    schemas.extend([
        ("test_elicitation", text("message")),
        ("test_sampling", text("prompt")),
        (
            "test_custom_header",
            json!({ "type": "object", "properties": { "region": { "type": "string", "x-mcp-header": "Region" } } }),
        ),
        (
            "json_schema_2020_12_tool",
            json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "$defs": {
                    "address": {
                        "$anchor": "addressDef",
                        "type": "object",
                        "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
                    },
                },
                "properties": {
                    "name": { "type": "string" },
                    "address": { "$ref": "#/$defs/address" },
                    "contactMethod": { "type": "string", "enum": ["phone", "email"] },
                    "phone": { "type": "string" },
                    "email": { "type": "string" },
                },
                "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
                "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
                "then": { "required": ["phone"] },
                "else": { "required": ["email"] },
                "additionalProperties": false,
            }),
        ),
    ]);
    schemas
}

pub(crate) fn all() -> Vec<Tool> {
    let tools = schemas().into_iter().map(|(name, schema)| {
        let schema = schema.as_object().cloned().unwrap_or_default();
        Tool::new(name, "A fixture of the conformance suite", schema)
    });
    tools.collect()
}

fn text(text: &str) -> CallToolResult {
    CallToolResult::success(vec![ContentBlock::text(text)])
}

pub(crate) async fn call(
    request: CallToolRequestParams,
    context: RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let arguments = request.arguments.unwrap_or_default();
    let argument = |name: &str| {
        let value = arguments.get(name).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let given = asking::Given {
        responses: request.input_responses,
        state: request.request_state,
    };
    if let Some(missing) = asking::missing(&request.name, given, &context)? {
        return Ok(missing.into());
    }
    let result = match &*request.name {
        "test_simple_text" => text("This is a simple text response for testing."),
        "test_image_content" => {
            CallToolResult::success(vec![ContentBlock::image(PNG, "image/png")])
        }
        "test_audio_content" => {
            CallToolResult::success(vec![ContentBlock::audio(WAV, "audio/wav")])
        }
        "test_embedded_resource" => CallToolResult::success(vec![embedded(
            "test://embedded-resource",
            "text/plain",
            "This is an embedded resource content.",
        )]),
        "test_multiple_content_types" => CallToolResult::success(vec![
            ContentBlock::text("Multiple content types test:"),
            ContentBlock::image(PNG, "image/png"),
            embedded(
                "test://mixed-content-resource",
                "application/json",
                r#"{"test":"data","value":123}"#,
            ),
        ]),
        "test_error_handling" => CallToolResult::error(vec![ContentBlock::text(
            "This tool intentionally returns an error for testing",
        )]),
        "test_tool_with_progress" => {
            for done in [0.0, 50.0, 100.0] {
                if let Some(token) = context.meta.get_progress_token() {
                    let progress = ProgressNotificationParam::new(token, done).with_total(100.0);
                    let _ = context.peer.notify_progress(progress).await;
                }
                tokio::time::sleep(PAUSE).await;
            }
            text("done")
        }
        "test_tool_with_logging" => {
            for said in ["started", "processing", "completed"] {
                log(&context, &format!("Tool execution {said}")).await;
                tokio::time::sleep(PAUSE).await;
            }
            text("done")
        }
        // A client of 2026-07-28 says with each request whether it wants to hear anything.
        "test_logging_tool" => {
            if context.meta.log_level().is_some() {
                log(&context, "Logging tool executed").await;
            }
            text("done")
        }
        "test_missing_capability" => {
            let sampling = ClientCapabilities::builder().enable_sampling().build();
            let declared = context.client_capabilities().and_then(|all| all.sampling);
            if declared.is_none() {
                return Err(ErrorData::missing_required_client_capability(sampling));
            }
            text("done")
        }
        "test_sampling" => {
            let said = asking::sample(&context, &argument("prompt")).await?;
            text(&format!("LLM response: {said}"))
        }
        "test_elicitation" => {
            let said = asking::elicit(&context, &argument("message"), asking::who()).await?;
            text(&format!("User response: {said}"))
        }
        "test_elicitation_sep1034_defaults" => {
            let said = asking::elicit(&context, "Confirm", asking::defaults()).await?;
            text(&format!("Elicitation completed: {said}"))
        }
        "test_elicitation_sep1330_enums" => {
            let said = asking::elicit(&context, "Choose", asking::choices()).await?;
            text(&format!("Elicitation completed: {said}"))
        }
        "json_schema_2020_12_tool"
        | "test_custom_header"
        | "test_trigger_prompt_change"
        | "test_trigger_tool_change" => text("done"),
        name if asking::TOOLS.contains(&name) => text("Everything that was asked is answered."),
        name => {
            let message = format!("no tool {name}");
            return Err(ErrorData::invalid_params(message, None));
        }
    };
    Ok(result.into())
}

async fn log(context: &RequestContext<RoleServer>, text: &str) {
    let message = LoggingMessageNotificationParam::new(LoggingLevel::Info, text.into());
    let _ = context.peer.notify_logging_message(message).await;
}
