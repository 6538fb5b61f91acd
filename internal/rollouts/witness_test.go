package rollouts

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	"concierge/cluster"
	"concierge/cluster/rollout"
)

// Who the instances are to the store.
const (
	service   = "web"
	namespace = "fleet"
	set       = service + ".app"
)

// witness sees what the files and the store show.
type witness struct {
	t       *testing.T
	stories *stories
	store   cluster.Store
	files   *fsnotify.Watcher

	mu     sync.Mutex
	view   rollout.View         // guarded by mu; as it was seen last
	goods  []good               // guarded by mu; releases called good, in order
	values map[string]string    // guarded by mu; of releases
	paths  map[string]*instance // guarded by mu; by file
}

// good is that a release was called so.
type good struct {
	at    time.Time
	value string
}

func newWitness(t *testing.T, s *stories, store cluster.Store) *witness {
	t.Helper()
	files, err := fsnotify.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	w := &witness{t: t, stories: s, store: store, files: files, values: make(map[string]string), paths: make(map[string]*instance)}
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { w.watchFiles() })
	work.Go(func() { cluster.Follow(ctx, store, rollout.Prefix(set), w.see, func(error) {}) })
	t.Cleanup(func() {
		cancel()
		_ = files.Close()
		work.Wait()
	})
	return w
}

// look follows the file of an instance.
func (w *witness) look(i *instance) {
	w.t.Helper()
	w.mu.Lock()
	w.paths[i.out()] = i
	w.mu.Unlock()
	if err := w.files.Add(filepath.Dir(i.out())); err != nil {
		w.t.Fatal(err)
	}
}

// watchFiles notes each rename, at the moment when the kernel tells of it.
func (w *witness) watchFiles() {
	for e := range w.files.Events {
		w.mu.Lock()
		i := w.paths[e.Name]
		w.mu.Unlock()
		if i != nil && e.Has(fsnotify.Create) {
			i.story.add(renamed, i.value())
		}
	}
}

// see compares what the store shows with what it showed before.
func (w *witness) see(raw cluster.View) {
	v, err := rollout.Parse(set, raw, cluster.View{})
	if err != nil {
		w.t.Errorf("what is in the store cannot be understood: %v", err)
		return
	}
	w.mu.Lock()
	before := w.view
	w.view = v
	w.mu.Unlock()
	holders := make(map[string]bool)
	for _, h := range v.Slots {
		holders[h.Holder] = true
	}
	for _, h := range before.Slots {
		if !holders[h.Holder] {
			w.stories.of(h.Holder).add(reclaimed, fmt.Sprint(h.N))
		}
	}
	if v.Record.Epoch != before.Record.Epoch {
		w.stories.of("(leader)").add("rollout", fmt.Sprintf("%d epoch %d %s stage %d/%d: %s (%s)",
			v.Record.ID, v.Record.Epoch, v.Record.State, v.Record.Stage+1, len(v.Record.Stages), v.Record.Reason, v.Record.DecidedBy))
	}
	if v.Good.Release != before.Good.Release {
		value := w.valueOf(v.Good.Release)
		w.mu.Lock()
		w.goods = append(w.goods, good{time.Now(), value})
		w.mu.Unlock()
		w.stories.of("(leader)").add("good is", value)
	}
}

// now is what the store showed last.
func (w *witness) now() rollout.View {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.view
}

func (w *witness) called() []good {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]good(nil), w.goods...)
}

// valueOf is the value of the key in a release.
func (w *witness) valueOf(release string) string {
	w.mu.Lock()
	value, known := w.values[release]
	w.mu.Unlock()
	if known || release == "" {
		return value
	}
	until(longest, func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		r, err := rollout.Load(ctx, w.store, set, release)
		if err == nil {
			value = readValue(r)
		}
		return err == nil
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.values[release] = value
	return value
}

// readValue finds the one key in what a release keeps.
func readValue(r rollout.Release) string {
	var pair struct {
		Key struct {
			Value []byte `json:"value"`
		} `json:"key"`
	}
	for _, text := range r.Values {
		_ = json.Unmarshal(text, &pair) // it is the only one; what it is not, is empty
	}
	return string(pair.Key.Value)
}
