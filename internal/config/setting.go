package config

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Setting is a value given outside the files.
type Setting struct {
	Path  string // for example sources.consul.address
	Value string
	Flag  string // as the user wrote it, for messages: --consul-address
}

// SettingInfo describes a setting that has a flag and an environment variable:
// every single value and every list of words outside of lists.
type SettingInfo struct {
	Path    string // sources.consul.token_file
	Flag    string // consul-token-file, without dashes
	Env     string // CONCIERGE_CONSUL_TOKEN_FILE
	Doc     string
	Default string
	Enum    []string
	IsList  bool // comma-separated, and the flag may be repeated
	IsBool  bool
	Secret  bool
}

// Settings returns all settings that have a flag and an environment variable,
// in the order of the file.
func Settings() []SettingInfo { return slices.Clone(allSettings()) }

// allSettings is worked out once: it is asked for at every start and reload.
var allSettings = sync.OnceValue(func() []SettingInfo { return settingsOf(reflect.TypeFor[Config](), "") })

func settingsOf(t reflect.Type, parent string) []SettingInfo {
	var all []SettingInfo
	for _, f := range fieldsOf(t) {
		path := joinPath(parent, f.name)
		ft := pointed(t.FieldByIndex(f.index).Type)
		list := ft.Kind() == reflect.Slice && isScalar(ft.Elem())
		switch {
		case isScalar(ft) || list:
			flag, doc := flagName(path), f.doc
			if list {
				doc += " Comma-separated in flags and variables."
			}
			all = append(all, SettingInfo{
				Path: path, Flag: flag, Env: "CONCIERGE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_")),
				Doc: doc, Default: f.fallback, Enum: f.enum,
				IsList: list, IsBool: ft.Kind() == reflect.Bool, Secret: ft == textType,
			})
		case ft.Kind() == reflect.Struct && ft != actionType:
			all = append(all, settingsOf(ft, path)...)
		}
	}
	return all
}

// flagName drops the leading "sources." and "secrets.", so that it is
// --consul-address; sources.default keeps it, because --default says nothing.
func flagName(path string) string {
	for _, group := range []string{"sources.", "secrets."} {
		if rest, ok := strings.CutPrefix(path, group); ok && strings.Contains(rest, ".") {
			path = rest
		}
	}
	return strings.NewReplacer(".", "-", "_", "-").Replace(path)
}

func joinPath(parent, name string) string {
	if parent == "" {
		return name
	}
	return parent + "." + name
}
