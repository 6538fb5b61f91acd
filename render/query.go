package render

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"concierge/sources"
)

var errEmptyPath = errors.New("the path is empty")

// plainQuery is for stores whose keys may hold any character.
func plainQuery(source string, kind sources.Kind, path string) (sources.Query, error) {
	path = strings.TrimPrefix(path, "/")
	if path == "" && kind == sources.Key {
		return sources.Query{}, hint(errEmptyPath, "name a key")
	}
	return sources.Query{Source: source, Kind: kind, Path: path}, nil
}

const consulGrammar = "write path?ns=NAMESPACE&partition=PARTITION@DATACENTER; a key with @ or ? in it cannot be asked of consul"

// consulQuery reads consul-template's grammar of keys and prefixes:
// path?parameters@datacenter, the latter two optional.
func consulQuery(kind sources.Kind, text string) (sources.Query, error) {
	path, rooted := strings.CutPrefix(text, "/")
	path, tail := cutAny(path, "@?")
	params, dc, hasDC := strings.Cut(tail, "@")
	malformed := path == "" && (kind == sources.Key || !rooted && tail != "") ||
		hasDC && !only(dc, ".-") ||
		params != "" && !only(params[1:], "-=&")
	if malformed {
		return sources.Query{}, hint(fmt.Errorf("invalid %s path %q", kind, text), consulGrammar)
	}
	q := sources.Query{Source: consul, Kind: kind, Path: path, Datacenter: dc}
	values, err := url.ParseQuery(strings.TrimPrefix(params, "?"))
	if err != nil {
		return sources.Query{}, hint(fmt.Errorf("invalid parameters of %q", text), consulGrammar)
	}
	for name := range values {
		switch name {
		case "ns":
			q.Namespace = values.Get(name)
		case "partition":
			q.Partition = values.Get(name)
		default:
			return sources.Query{}, hint(fmt.Errorf("unknown parameter %q of %q", name, text), "keys know ns and partition")
		}
	}
	return q, nil
}

// cutAny splits s before the first of the characters.
func cutAny(s, chars string) (before, from string) {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// only reports whether s is not empty and made of letters, digits, underscores
// and the extra characters.
func only(s, extra string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		word := r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return !word && !strings.ContainsRune(extra, r)
	})
}

// vaultQuery reads a secret path with its request parameters: app?version=3.
func vaultQuery(kind sources.Kind, text string) (sources.Query, error) {
	path, params, _ := strings.Cut(strings.TrimSpace(text), "?")
	path = strings.Trim(path, "/ ")
	if path == "" {
		return sources.Query{}, hint(errEmptyPath, `name a secret, for example "secret/app"`)
	}
	values, err := url.ParseQuery(params)
	if err != nil {
		return sources.Query{}, hint(fmt.Errorf("invalid parameters of %q", text), "write path?version=3")
	}
	return sources.Query{Source: vault, Kind: kind, Path: path, Params: values.Encode()}, nil
}

func fileQuery(path string) (sources.Query, error) {
	path = strings.TrimSpace(path)
	if path == "" {
		return sources.Query{}, hint(errEmptyPath, "name a file")
	}
	return sources.Query{Source: local, Kind: sources.File, Path: path}, nil
}
