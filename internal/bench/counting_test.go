package bench

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"
)

func TestRefusalsOnOneConnectionAreCounted(t *testing.T) {
	answers := []int{http.StatusTooManyRequests, http.StatusOK, http.StatusTooManyRequests}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(answers[0])
		answers = answers[1:]
	}))
	defer server.Close()
	between, err := newRelay(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for range 3 {
		resp, err := http.Get("http://" + between.address())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		got = append(got, resp.StatusCode)
	}
	http.DefaultClient.CloseIdleConnections()
	between.close()
	if want := []int{429, 200, 429}; !slices.Equal(got, want) || between.refused.Load() != 2 {
		t.Errorf("answers are %d and %d refusals, want %d and 2", got, between.refused.Load(), want)
	}
}

func TestMostDescriptorsOfARunAreSeen(t *testing.T) {
	count := func(script string) int {
		s, err := onceAs(t.Context(), countingRole, "/bin/sh", "-c", script)
		if err != nil {
			t.Fatal(err)
		}
		return s.Descriptors
	}
	const rest = "sleep 0.2" // the processes are looked at meanwhile
	few, more := count(rest), count("exec 5</dev/null 6</dev/null 7</dev/null; "+rest+"; exec 5<&- 6<&-")
	if few <= 0 || more != few+3 {
		t.Errorf("%d descriptors, and %d with three more", few, more)
	}
}

func TestChangesEndWithTheirTime(t *testing.T) {
	for name, c := range map[string]struct {
		least, most int
		budget      time.Duration
		want        int
	}{
		"time for all":  {2, 5, time.Hour, 5},
		"time for none": {2, 5, 0, 2},
	} {
		n := 0
		for range within(c.least, c.most, c.budget) {
			n++
		}
		if n != c.want {
			t.Errorf("%s: %d, want %d", name, n, c.want)
		}
	}
}
