package file

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"concierge/sources"
)

// Limits of what is read. They bound memory when a path was given by mistake;
// Consul ends at 512 KiB and etcd at 1.5 MiB for one value.
const (
	maxValue    = 1 << 20  // bytes of one key in a directory
	maxDocument = 16 << 20 // bytes of one document or local file
	maxKeys     = 200_000  // keys of one source
	maxDepth    = 64       // directories within directories
)

// Config describes a [Source].
type Config struct {
	Name   string        // name in queries; default "file"
	Path   string        // directory, or a .yaml, .yml or .json file; required
	Rescan time.Duration // how often everything is read again; default 30 s
	Meter  sources.Meter // is told of each reading; nil is nobody
}

// Source is a directory tree or a document as a key-value store. It implements
// [sources.Source] and [sources.Store]; all methods may be used concurrently,
// Watch once.
type Source struct {
	cfg Config
	log *slog.Logger
}

var (
	_ sources.Source = (*Source)(nil)
	_ sources.Store  = (*Source)(nil)
)

// New returns a source. The path need not exist yet: until it does, the source
// counts as away.
func New(cfg Config, log *slog.Logger) (*Source, error) {
	if cfg.Path == "" {
		return nil, fmt.Errorf("file source: path is empty; set sources.file.path")
	}
	abs, err := filepath.Abs(cfg.Path)
	if err != nil {
		return nil, fmt.Errorf("file source: resolving %s: %w", cfg.Path, err)
	}
	cfg.Path = abs
	if cfg.Name == "" {
		cfg.Name = "file"
	}
	if cfg.Rescan <= 0 {
		cfg.Rescan = 30 * time.Second
	}
	if cfg.Meter == nil {
		cfg.Meter = sources.Unmetered{}
	}
	return &Source{cfg: cfg, log: log}, nil
}

// Watch implements [sources.Source]. It answers Key and Tree queries.
func (s *Source) Watch(ctx context.Context, wanted <-chan []sources.Query, publish func(sources.Update)) {
	f := follower{
		name: s.cfg.Name, log: s.log, rescan: s.cfg.Rescan, publish: publish,
		look: &storeLook{root: s.reader()}, meter: s.cfg.Meter,
	}
	f.run(ctx, wanted)
}

// isDocument reports whether the path names one file instead of a directory.
// The name alone decides, so that the answer is the same while it is missing.
func (s *Source) isDocument() bool {
	switch strings.ToLower(filepath.Ext(s.cfg.Path)) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

func (s *Source) reader() rootReader {
	if s.isDocument() {
		return &docReader{path: s.cfg.Path}
	}
	return &treeReader{root: s.cfg.Path, log: s.log, warned: make(map[string]bool)}
}

// rootReader looks at the whole store once. It tells n which directories to
// watch before it reads them. An error means that the store as a whole could
// not be read.
type rootReader interface {
	read(n *notifier) (content, error)
}

// content is one revision of the store.
type content struct {
	pairs sources.Pairs // sorted by path, bytewise
	// failed holds the keys that could not be read and, with a trailing
	// slash, the directories.
	failed map[string]error
}

// key returns the answer to a Key query.
func (c content) key(path string) (sources.Value, error) {
	for name, err := range c.failed {
		if name == path || strings.HasSuffix(name, "/") && strings.HasPrefix(path, name) {
			return sources.Value{}, err
		}
	}
	i, found := c.search(path)
	if !found {
		return sources.Value{}, nil
	}
	return sources.Value{Exists: true, Data: c.pairs[i]}, nil
}

// tree returns the answer to a Tree query.
func (c content) tree(prefix string) (sources.Value, error) {
	for name, err := range c.failed {
		if strings.HasPrefix(name, prefix) || strings.HasSuffix(name, "/") && strings.HasPrefix(prefix, name) {
			return sources.Value{}, err
		}
	}
	from, _ := c.search(prefix)
	to := from
	for to < len(c.pairs) && strings.HasPrefix(c.pairs[to].Path, prefix) {
		to++
	}
	if from == to {
		return sources.Value{}, nil
	}
	return sources.Value{Exists: true, Data: slices.Clip(c.pairs[from:to])}, nil
}

func (c content) search(path string) (int, bool) {
	return slices.BinarySearchFunc(c.pairs, path, func(p sources.KeyPair, path string) int {
		return strings.Compare(p.Path, path)
	})
}

// storeLook answers the queries of a store from one revision of it.
type storeLook struct{ root rootReader }

func (l *storeLook) look(wanted []sources.Query, n *notifier) (answers, error) {
	c, err := l.root.read(n)
	if err != nil {
		return answers{}, err
	}
	a := newAnswers(len(wanted))
	for _, q := range wanted {
		a.put(q, func() (sources.Value, error) {
			switch q.Kind {
			case sources.Key:
				return c.key(q.Path)
			case sources.Tree:
				return c.tree(q.Path)
			}
			return sources.Value{}, fmt.Errorf("%s: the file source has keys and trees only", q)
		})
	}
	return a, nil
}
