package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/vault/api"

	"concierge/secrets"
)

// fakeLogin gives tokens of an hour that cannot be renewed, in a bubble of
// fake time where no server can be asked. It is the log as well.
type fakeLogin struct {
	mu    sync.Mutex
	calls int          // guarded by mu
	err   error        // guarded by mu
	log   bytes.Buffer // guarded by mu
}

func (l *fakeLogin) login(context.Context, *api.Client) (*api.Secret, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	if l.err != nil {
		return nil, l.err
	}
	return &api.Secret{Auth: &api.SecretAuth{ClientToken: fmt.Sprint("token-", l.calls), LeaseDuration: 3600}}, nil
}

func (l *fakeLogin) hint() string   { return "a hint" }
func (l *fakeLogin) String() string { return "fake" }

func (l *fakeLogin) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.log.Write(p)
}

// fail makes logins fail with err, or succeed again.
func (l *fakeLogin) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// seen returns how many logins there were, and the log.
func (l *fakeLogin) seen() (int, string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls, l.log.String()
}

// keepIdentity keeps an identity until the test ends.
func keepIdentity(t *testing.T, cfg Config) (*identity, *fakeLogin) {
	l := new(fakeLogin)
	i := newIdentity(cfg, &api.Client{}, slog.New(slog.NewTextHandler(l, nil)))
	if cfg.TokenFile == "" {
		i.method = l
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		i.keep(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return i, l
}

func mustNow(t *testing.T, i *identity) *token {
	t.Helper()
	got, err := i.now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func isReplaced(t *token) bool {
	select {
	case <-t.replaced:
		return true
	default:
		return false
	}
}

func TestLoginIsSharedAndRepeatedBeforeItsTokenEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i, l := keepIdentity(t, Config{})
		first := mustNow(t, i)
		again := mustNow(t, i)
		if calls, _ := l.seen(); again != first || calls != 1 {
			t.Errorf("two requests logged in %d times", calls)
		}
		time.Sleep(time.Hour * 84 / 100)
		synctest.Wait()
		if isReplaced(first) {
			t.Error("replaced too early")
		}
		time.Sleep(time.Hour * 12 / 100)
		synctest.Wait()
		second := mustNow(t, i)
		calls, log := l.seen()
		if !isReplaced(first) || second.text.Reveal() != "token-2" || calls != 2 {
			t.Errorf("replaced: %v, by %s after %d logins", isReplaced(first), second.text.Reveal(), calls)
		}
		if strings.Contains(log, "token-") {
			t.Errorf("a token is logged: %s", log)
		}
	})
}

func TestFailedLoginIsSharedByAllRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i, l := keepIdentity(t, Config{})
		l.fail(errors.New("no route"))
		for range 100 {
			if _, err := i.now(t.Context()); err == nil || !strings.Contains(err.Error(), "no route") {
				t.Fatalf("error is %v", err)
			}
		}
		if calls, _ := l.seen(); calls != 1 {
			t.Errorf("100 requests at once logged in %d times", calls)
		}
		l.fail(nil)
		time.Sleep(time.Second)
		if got := mustNow(t, i); got.text.Reveal() != "token-2" {
			t.Errorf("token is %s", got.text.Reveal())
		}
	})
}

func TestTokenStaysWhileLoggingInAgainFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i, l := keepIdentity(t, Config{})
		first := mustNow(t, i)
		l.fail(errors.New("no route"))
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		calls, log := l.seen()
		if mustNow(t, i) != first || isReplaced(first) || calls < 10 {
			t.Errorf("replaced: %v, %d logins", isReplaced(first), calls)
		}
		if n := strings.Count(log, "level=WARN"); n != 1 {
			t.Errorf("warned %d times: %s", n, log)
		}
		l.fail(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if !isReplaced(first) {
			t.Error("not logged in again after the trouble")
		}
	})
}

func TestChangedFileReplacesTheTokenThoughNobodyAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "token")
		put := func(text string) {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		put("first")
		i, l := keepIdentity(t, Config{TokenFile: file})
		first := mustNow(t, i)
		put("first\n")
		time.Sleep(2 * filePoll)
		synctest.Wait()
		if isReplaced(first) {
			t.Error("the same token replaced itself")
		}
		put("")
		time.Sleep(2 * filePoll)
		put("second")
		time.Sleep(2 * filePoll)
		synctest.Wait()
		if second := mustNow(t, i); !isReplaced(first) || second.text.Reveal() != "second" {
			t.Errorf("replaced: %v, by %s", isReplaced(first), second.text.Reveal())
		}
		_, log := l.seen()
		if n := strings.Count(log, "level=WARN"); n != 1 {
			t.Errorf("the empty file was told of %d times: %s", n, log)
		}
	})
}

func TestTokenBesideAFileIsUsedUntilTheFileHasOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "token")
		put := func(text string) {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		// Nothing could be unwrapped here: the token beside the file is used as it is.
		i, l := keepIdentity(t, Config{Token: secrets.NewText("beside"), TokenFile: file, Unwrap: true})
		first := mustNow(t, i)
		put(" \n")
		if again := mustNow(t, i); again != first || first.text.Reveal() != "beside" {
			t.Errorf("a missing and then empty file give %s and %s", first.text.Reveal(), again.text.Reveal())
		}
		i.unwrap = false
		put("filed\n")
		time.Sleep(2 * filePoll)
		synctest.Wait()
		second := mustNow(t, i)
		if !isReplaced(first) || second.text.Reveal() != "filed" {
			t.Errorf("replaced: %v, by %s", isReplaced(first), second.text.Reveal())
		}
		put("")
		if third := mustNow(t, i); third != second {
			t.Errorf("an emptied file gives %s", third.text.Reveal())
		}
		_, log := l.seen()
		if n := strings.Count(log, "holds no token yet"); n != 1 {
			t.Errorf("the empty file was told of %d times: %s", n, log)
		}
	})
}

func TestTextOfATokenIsAWrapInfoOrTheTokenItself(t *testing.T) {
	for in, want := range map[string]string{
		"hvs.abc": "hvs.abc",
		`{"token":"hvs.abc","ttl":60,"creation_time":"2026-01-02T03:04:05Z","wrapped_accessor":"x"}`: "hvs.abc",
		`{"token":" hvs.abc\n"}`: "hvs.abc",
		`{"token":7}`:            `{"token":7}`,
		" \thvs.abc\r\n":         "hvs.abc",
		`12345`:                  `12345`,
		"":                       "",
	} {
		if got := wrappedToken(secrets.NewText(in)).Reveal(); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}
