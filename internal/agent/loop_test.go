package agent

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"concierge/internal/config"
	"concierge/reload"
	"concierge/reload/job"
	"concierge/reload/process"
	"concierge/render"
	"concierge/secrets"
	"concierge/sources"
)

// scripted is a source whose answers a test decides: the one fault that no real
// store can be made to show at a chosen moment of a virtual clock.
type scripted struct {
	publish chan sources.Update
	wanted  [][]sources.Query
}

func (s *scripted) Watch(ctx context.Context, wanted <-chan []sources.Query, publish func(sources.Update)) {
	for {
		select {
		case set := <-wanted:
			s.wanted = append(s.wanted, set)
		case u := <-s.publish:
			publish(u)
		case <-ctx.Done():
			return
		}
	}
}

// keys makes a batch of existing keys; a value of "-" is a confirmed absence.
func keys(pairs ...string) sources.Update {
	u := sources.Update{Values: make(map[sources.Query]sources.Value)}
	for i := 0; i < len(pairs); i += 2 {
		q := sources.Query{Source: "file", Kind: sources.Key, Path: pairs[i]}
		u.Values[q] = sources.Value{Exists: true, Data: sources.KeyPair{Path: pairs[i], Value: pairs[i+1]}}
		if pairs[i+1] == "-" {
			u.Values[q] = sources.Value{}
		}
	}
	return u
}

// bubble is an instance inside a synctest bubble, driven by a scripted source.
type bubble struct {
	t      *testing.T
	dir    string
	log    *record
	source *scripted
	i      *instance
}

// record is a log that can be read while it is written.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) { r.mu.Lock(); defer r.mu.Unlock(); return r.b.Write(p) }
func (r *record) String() string              { r.mu.Lock(); defer r.mu.Unlock(); return r.b.String() }

// inBubble runs f beside a running instance with the given templates.
func inBubble(t *testing.T, templates []config.Template, f func(b *bubble)) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{t: t, dir: dir, log: new(record), source: &scripted{publish: make(chan sources.Update)}}
		for n := range templates {
			templates[n].Destination = filepath.Join(dir, templates[n].Destination)
		}
		cfg := &config.Config{Sources: config.Sources{Default: "file", File: &config.File{}}, Templates: templates}
		ctx, cancel := context.WithCancel(t.Context())
		b.i = &instance{
			o: Options{Environ: os.Environ()}, log: slog.New(slog.NewTextHandler(b.log, nil)), redactor: new(secrets.Redactor),
			feeds: newFeeds(slog.New(slog.DiscardHandler)), wake: time.NewTimer(time.Hour),
		}
		b.i.outages, b.i.children = newOutages(b.i.log), process.NewChildren(b.i.log)
		b.i.control = newControl(b.i.o)
		prog, err := compile(cfg, os.Environ(), b.i.redactor, b.i.children, true)
		if err != nil {
			t.Fatal(err)
		}
		b.i.applier = startApplier(ctx, reload.Options{
			Log: b.i.log, Children: b.i.children, Jobs: job.NewGroup(b.i.children, nil, b.i.log),
		})
		b.i.install(ctx, prog, map[string]opening{"file": {source: b.source}})
		done := make(chan struct{})
		go func() {
			defer close(done)
			beat := time.NewTicker(beatEvery)
			defer beat.Stop()
			for {
				b.i.step()
				if end, err := b.i.await(ctx, beat.C); end != nil || err != nil {
					break
				}
			}
			b.i.stop()
		}()
		f(b)
		cancel()
		<-done
	})
}

func (b *bubble) send(u sources.Update) {
	b.source.publish <- u
	b.settle()
}

// settle waits until the instance has nothing left to do at this moment.
func (b *bubble) settle() { synctest.Wait() }

func (b *bubble) pass(d time.Duration) { time.Sleep(d); synctest.Wait() }

func (b *bubble) expect(name, want string) {
	b.t.Helper()
	got, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil && want != "" || string(got) != want {
		b.t.Errorf("%s is %q (%v), want %q\nlog:\n%s", name, got, err, want, b.log)
	}
}

func (b *bubble) expectLogged(times int, text string) {
	b.t.Helper()
	if got := strings.Count(b.log.String(), text); got != times {
		b.t.Errorf("the log says %q %d times, want %d:\n%s", text, got, times, b.log)
	}
}

func TestFirstSetIsTheLiteralQueriesOfAllTemplates(t *testing.T) {
	inBubble(t, []config.Template{
		{Contents: `{{ key "a" }}{{ key (key "b") }}`, Destination: "x"}, {Contents: `{{ key "c" }}`, Destination: "y"},
	}, func(b *bubble) {
		b.settle()
		b.send(keys("a", "1", "b", "computed", "c", "3"))
		b.expect("y", "3")
		b.expect("x", "")
		b.send(keys("computed", "2"))
		b.expect("x", "12")
		var paths [][]string
		for _, set := range b.source.wanted {
			var p []string
			for _, q := range set {
				p = append(p, q.Path)
			}
			slices.Sort(p)
			paths = append(paths, p)
		}
		if want := "[[a b c] [a b c computed]]"; fmt.Sprint(paths) != want {
			t.Errorf("wanted sets %v, want %v", paths, want)
		}
	})
}

func TestWaitingIsExplainedOnceAfterFiveSeconds(t *testing.T) {
	inBubble(t, []config.Template{{Contents: "line one\n{{ key \"a\" }}{{ key \"b\" }}", Destination: "x"}}, func(b *bubble) {
		b.settle()
		b.send(keys("a", "1", "b", "-"))
		b.pass(4900 * time.Millisecond)
		b.expectLogged(0, "template waits for data")
		b.pass(200 * time.Millisecond)
		b.expectLogged(1, "template waits for data")
		b.expectLogged(1, "key file:b (contents of "+filepath.Join(b.dir, "x")+":2:17, does not exist)")
		b.pass(time.Hour)
		b.expectLogged(1, "template waits for data")
		b.send(keys("b", "2"))
		b.expect("x", "line one\n12")
	})
}

func TestQuiescenceGathersChangesUpToItsMaximum(t *testing.T) {
	wait := &config.Wait{Min: 2 * time.Second, Max: 5 * time.Second}
	inBubble(t, []config.Template{{Contents: `{{ key "a" }}`, Destination: "x", Wait: wait}}, func(b *bubble) {
		b.settle()
		b.send(keys("a", "0"))
		b.expect("x", "0") // the first rendering does not wait
		b.send(keys("a", "1"))
		b.pass(1900 * time.Millisecond)
		b.expect("x", "0")
		b.pass(200 * time.Millisecond)
		b.expect("x", "1")
		for n := range 10 { // one change a second never lets it be quiet
			b.send(keys("a", fmt.Sprint("n", n)))
			b.pass(time.Second)
			want := map[bool]string{true: "1", false: "n4"}[n < 4]
			if n >= 9 {
				want = "n9"
			}
			b.expect("x", want)
		}
	})
}

func TestSetWaitsForAllItsMembers(t *testing.T) {
	inBubble(t, []config.Template{
		{Contents: `{{ key "cert" }}`, Destination: "cert", Set: "tls"}, {Contents: `{{ key "key" }}`, Destination: "key", Set: "tls"},
		{Contents: `{{ key "cert" }}`, Destination: "other"},
	}, func(b *bubble) {
		b.settle()
		b.send(keys("cert", "c1", "key", "-"))
		b.expect("other", "c1")
		b.expect("cert", "")
		b.send(keys("key", "k1"))
		b.expect("cert", "c1")
		b.expect("key", "k1")
	})
}

func TestDeletedKeyKeepsItsLastValue(t *testing.T) {
	inBubble(t, []config.Template{
		{Contents: `{{ key "a" }} {{ key "b" }}`, Destination: "x"}, {Contents: `{{ keyExists "a" }} {{ keyOrDefault "a" "none" }}`, Destination: "y"},
	}, func(b *bubble) {
		b.settle()
		b.send(keys("a", "1", "b", "2"))
		b.send(keys("a", "-"))
		b.send(keys("b", "3"))
		b.expect("x", "1 3")
		b.expect("y", "false none")
		b.expectLogged(1, "key is gone")
	})
}

func TestFailingTemplateKeepsItsOutputAndSaysSoOnce(t *testing.T) {
	inBubble(t, []config.Template{{Contents: `{{ parseInt (key "a") }}{{ key "b" }}`, Destination: "x"}}, func(b *bubble) {
		b.settle()
		b.send(keys("a", "1", "b", "!"))
		b.expect("x", "1!")
		b.send(keys("a", "one"))
		b.send(keys("b", "?"))
		b.expect("x", "1!")
		b.expectLogged(1, "template failed")
		b.send(keys("a", "2"))
		b.expect("x", "2?")
	})
}

func TestOutageIsLoggedOnceAndChangesNothing(t *testing.T) {
	inBubble(t, []config.Template{{Contents: `{{ key "a" }}`, Destination: "x"}}, func(b *bubble) {
		b.settle()
		b.send(keys("a", "1"))
		for range 3 {
			b.send(sources.Update{Err: fmt.Errorf("no route to host")})
		}
		b.expect("x", "1")
		b.expectLogged(1, "source is away")
		b.pass(time.Minute)
		b.send(sources.Update{})
		b.expectLogged(1, "source is back")
		b.send(keys("a", "2"))
		b.expect("x", "2")
	})
}

func TestFailedActionIsTriedAgainUntilItSucceeds(t *testing.T) {
	dir := t.TempDir()
	gate := filepath.Join(dir, "gate")
	act := config.Actions{{Kind: config.ActionCommand, Command: config.Command{
		Command: []string{"sh", "-c", "echo try >>" + gate + ".log; test -e " + gate}, Timeout: time.Hour,
	}}}
	inBubble(t, []config.Template{{Contents: `{{ key "a" }}`, Destination: "x", OnChange: act}}, func(b *bubble) {
		b.settle()
		b.send(keys("a", "1"))
		b.expectLogged(1, "action after a change failed")
		b.expect("x", "1")
		for n := 0; n < 3; n++ {
			b.pass(40 * time.Second)
		}
		b.expectLogged(1, "action after a change failed")
		tries, _ := os.ReadFile(gate + ".log")
		if n := bytes.Count(tries, []byte("try")); n < 4 {
			t.Errorf("tried %d times in two minutes, want a back-off up to 30 s", n)
		}
		if err := os.WriteFile(gate, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		b.pass(40 * time.Second)
		before, _ := os.ReadFile(gate + ".log")
		b.pass(time.Hour)
		if after, _ := os.ReadFile(gate + ".log"); !bytes.Equal(before, after) {
			t.Error("an action that succeeded was done again")
		}
	})
}

// counted counts the executions of a template.
type counted struct {
	executor
	n *int
}

func (c counted) Execute(l render.Lookup) (render.Result, error) {
	*c.n++
	return c.executor.Execute(l)
}

func TestChangeExecutesOnlyTheTemplatesThatUsedIt(t *testing.T) {
	inBubble(t, []config.Template{
		{Contents: `{{ key "a" }}`, Destination: "x"}, {Contents: `{{ key "b" }}`, Destination: "y"},
		{Contents: `{{ if keyExists "a" }}{{ key "c" }}{{ end }}`, Destination: "z"},
	}, func(b *bubble) {
		b.settle()
		b.send(keys("a", "1", "b", "1", "c", "1"))
		var runs [3]int
		for n, s := range b.i.prog.sets {
			s.units[0].source = counted{s.units[0].source, &runs[n]}
		}
		b.send(keys("b", "2"))
		b.send(keys("c", "2"))
		b.send(keys("a", "1")) // equal: nothing
		b.expect("y", "2")
		b.expect("z", "2")
		if want := [3]int{0, 1, 1}; runs != want {
			t.Errorf("executions %v, want %v", runs, want)
		}
	})
}

func TestQueryThatComesBackIsAnsweredAgain(t *testing.T) {
	inBubble(t, []config.Template{{Contents: `{{ $k := key "which" }}{{ key $k }}`, Destination: "x"}}, func(b *bubble) {
		b.settle()
		b.send(keys("which", "a"))
		b.send(keys("a", "1"))
		b.expect("x", "1")
		b.send(keys("which", "b"))
		b.send(keys("which", "a")) // a was dropped meanwhile
		last := b.source.wanted[len(b.source.wanted)-3:]
		for n, want := range []int{2, 2, 2} {
			if len(last[n]) != want {
				t.Errorf("the source saw %v, want every set in turn", last)
			}
		}
		b.send(keys("a", "2"))
		b.expect("x", "2")
	})
}
