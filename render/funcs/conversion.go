package funcs

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"go.yaml.in/yaml/v2"
)

func conversionTable() []Func {
	const group = "Conversions"
	return []Func{
		{"parseBool", group, "text", "Reads a boolean. Empty text is false.",
			`{{ parseBool "true" }}`, `true`, parseBool},
		{"parseInt", group, "text", "Reads a decimal integer. Empty text is 0.",
			`{{ parseInt "7" | add 1 }}`, `8`, parseInt},
		{"parseUint", group, "text", "Reads a decimal integer without a sign. Empty text is 0.",
			`{{ parseUint "7" }}`, `7`, parseUint},
		{"parseFloat", group, "text", "Reads a floating-point number. Empty text is 0.",
			`{{ parseFloat "1.50" }}`, `1.5`, parseFloat},
		{"parseJSON", group, "text", "Reads JSON. Empty text is an empty map; numbers are floating-point.",
			`{{ (parseJSON "{\"a\":[1,2]}").a }}`, `[1 2]`, parseJSON},
		{"parseYAML", group, "text", "Reads YAML 1.1. Empty text is an empty map.",
			`{{ (parseYAML "a: {b: yes}").a.b }}`, `true`, parseYAML},
		{"toJSON", group, "value", "Writes JSON on one line; <, > and & are escaped.",
			`{{ split "," "a,<b>" | toJSON }}`, `["a","\u003cb\u003e"]`, toJSON},
		{"toJSONPretty", group, "value", "Writes JSON indented by two spaces; <, > and & are escaped.",
			`{{ split "," "a" | toJSONPretty }}`, "[\n  \"a\"\n]", toJSONPretty},
		{"toUnescapedJSON", group, "value", "Writes JSON on one line; <, > and & stay as they are.",
			`{{ split "," "<b>" | toUnescapedJSON }}`, `["<b>"]`, toUnescapedJSON},
		{"toUnescapedJSONPretty", group, "value", "Writes JSON indented by two spaces; <, > and & stay as they are.",
			`{{ split "," "<b>" | toUnescapedJSONPretty }}`, "[\n  \"<b>\"\n]", toUnescapedJSONPretty},
		{"toYAML", group, "value", "Writes YAML without a final line break.",
			`{{ parseJSON "{\"a\":[\"b\"]}" | toYAML }}`, "a:\n- b", toYAML},
		{"toTOML", group, "value", "Writes TOML without a final line break.",
			`{{ parseJSON "{\"a\":\"b\"}" | toTOML }}`, `a = "b"`, toTOML},
	}
}

func parseBool(text string) (bool, error) {
	if text == "" {
		return false, nil
	}
	return strconv.ParseBool(text)
}

func parseInt(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	return strconv.ParseInt(text, 10, 64)
}

func parseUint(text string) (uint64, error) {
	if text == "" {
		return 0, nil
	}
	return strconv.ParseUint(text, 10, 64)
}

func parseFloat(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	return strconv.ParseFloat(text, 64)
}

func parseJSON(text string) (any, error) {
	if text == "" {
		return map[string]any{}, nil
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return nil, err
	}
	return v, nil
}

func parseYAML(text string) (any, error) {
	if text == "" {
		return map[string]any{}, nil
	}
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		return nil, err
	}
	return v, nil
}

func toJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

func toJSONPretty(v any) (string, error) {
	b, err := json.MarshalIndent(v, "", "  ")
	return string(b), err
}

func toUnescapedJSON(v any) (string, error) { return unescapedJSON(v, "") }

func toUnescapedJSONPretty(v any) (string, error) { return unescapedJSON(v, "  ") }

func unescapedJSON(v any, indent string) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimRight(b.String(), "\r\n"), nil
}

func toYAML(v any) (string, error) {
	b, err := yaml.Marshal(v)
	return string(bytes.TrimSpace(b)), err
}

func toTOML(v any) (string, error) {
	if v == nil {
		return "", errors.New("there is no TOML for nothing")
	}
	var b bytes.Buffer
	if err := toml.NewEncoder(&b).Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSpace(b.String()), nil
}
