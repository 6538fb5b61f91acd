package logging_test

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"concierge/internal/config"
	"concierge/internal/logging"
)

// pipe returns a logger to a pipe, and its other end.
func pipe(t *testing.T) (log *logging.Logger, r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	if log, err = logging.New(w, config.Log{Level: "info", Format: "text"}); err != nil {
		t.Fatal(err)
	}
	return log, r, w
}

// TestNobodyWaitsForStandardError logs far more than a pipe and the queue hold
// before anybody reads. Each message comes or is counted.
func TestNobodyWaitsForStandardError(t *testing.T) {
	const messages = 20_000
	log, r, w := pipe(t)
	for n := range messages {
		log.Info("message", "n", n)
	}
	read := make(chan string)
	go func() {
		b, _ := io.ReadAll(r)
		read <- string(b)
	}()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	log.Info("after the end")
	_ = w.Close()
	text := <-read
	missed := 0
	for _, m := range regexp.MustCompile(`not read in time" component=logging missed=(\d+)`).FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		missed += n
	}
	if got := strings.Count(text, "msg=message "); got+missed != messages || missed == 0 {
		t.Errorf("%d messages came and %d were counted as missing, want %d together", got, missed, messages)
	}
	if !strings.HasSuffix(text, "msg=\"after the end\"\n") {
		t.Error("what was logged after the end is not there")
	}
}

func TestMessagesComeInOrder(t *testing.T) {
	log, r, w := pipe(t)
	var want strings.Builder
	for n := range 100 {
		log.Info("message", "n", n)
		fmt.Fprintln(&want, n)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	b, err := io.ReadAll(r)
	if got := regexp.MustCompile(`(?m)^.* n=`).ReplaceAllString(string(b), ""); err != nil || got != want.String() {
		t.Errorf("%q, %v", got, err)
	}
}

// TestTheEndDoesNotWaitForStandardErrorForLong: nobody ever reads.
func TestTheEndDoesNotWaitForStandardErrorForLong(t *testing.T) {
	log, _, _ := pipe(t)
	for range 5_000 {
		log.Info("message", "n", strings.Repeat("x", 100))
	}
	began := time.Now()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	log.Info("after the end")
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}
