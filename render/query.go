package render

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
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

const keyGrammar = "write path?ns=NAMESPACE&partition=PARTITION@DATACENTER; a key with @ or ? in it cannot be asked of consul"

// consulQuery reads consul-template's grammar of keys and prefixes:
// path?parameters@datacenter, the latter two optional.
func consulQuery(kind sources.Kind, text string) (sources.Query, error) {
	path, rooted := strings.CutPrefix(text, "/")
	if kind == sources.Key {
		path = strings.TrimPrefix(path, "/") // as Consul's own client does
	}
	p, ok := cutPieces(path, "@?")
	options := p.params != "" || p.datacenter != ""
	if !ok || p.head == "" && (kind == sources.Key || !rooted && options) {
		return sources.Query{}, hint(fmt.Errorf("invalid %s path %q", kind, text), keyGrammar)
	}
	o, err := readParams(p.params)
	if err != nil {
		return sources.Query{}, hint(fmt.Errorf("%w of %q", err, text), keyGrammar)
	}
	return sources.Query{
		Source: consul, Kind: kind, Path: p.head,
		Options: sources.Options{Datacenter: p.datacenter, Namespace: o.namespace, Partition: o.partition}.Handle(),
	}, nil
}

// vaultQuery reads a secret path with its request parameters: app?version=3.
func vaultQuery(kind sources.Kind, text string) (sources.Query, error) {
	path, params, _ := strings.Cut(strings.TrimSpace(text), "?")
	path = strings.Trim(path, "/ ")
	if path == "" {
		return sources.Query{}, hint(errEmptyPath, `name a secret, for example "secret/app"`)
	}
	if kind == sources.Secret { // it is a URL, in consul-template too
		plain, err := url.PathUnescape(path)
		if err != nil {
			return sources.Query{}, hint(fmt.Errorf("invalid path %q", text), "write %25 for a per cent sign")
		}
		path = plain
	}
	q := sources.Query{Source: vault, Kind: kind, Path: path}
	if params == "" {
		return q, nil
	}
	values, err := url.ParseQuery(params)
	if err != nil {
		return sources.Query{}, hint(fmt.Errorf("invalid parameters of %q", text), "write path?version=3")
	}
	q.Options = sources.Options{Params: values.Encode()}.Handle()
	return q, nil
}

func fileQuery(path string) (sources.Query, error) {
	path = strings.TrimSpace(path)
	if path == "" {
		return sources.Query{}, hint(errEmptyPath, "name a file")
	}
	return sources.Query{Source: local, Kind: sources.File, Path: path}, nil
}

// inside reports with an error that a file is not in the sandbox. Links are
// resolved on both sides, so the file must exist.
func inside(sandbox, path string) error {
	const advice = "put the file into the sandbox directory, or change the sandbox setting (sandbox_path)"
	root, err := resolved(sandbox)
	if err != nil {
		return hint(fmt.Errorf("resolving the sandbox %s: %w", sandbox, err), "create it, or change the sandbox setting (sandbox_path)")
	}
	target, err := resolved(path)
	if err != nil {
		return hint(fmt.Errorf("resolving %s: %w", path, err), advice)
	}
	if rel, err := filepath.Rel(root, target); err != nil || !filepath.IsLocal(rel) {
		return hint(fmt.Errorf("%s is outside of the sandbox %s", path, sandbox), advice)
	}
	return nil
}

func resolved(path string) (string, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}
