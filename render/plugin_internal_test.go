package render

import (
	"strings"
	"testing"
	"time"
)

func TestPluginIsKilledWithItsChildrenAtItsTimeLimit(t *testing.T) {
	p := plugins{limit: 50 * time.Millisecond, programs: alone{}}
	start := time.Now()
	_, err := p.run([]string{"sh", "-c", "sleep 60 & sleep 60"})
	if err == nil || !strings.Contains(err.Error(), `running "sh": not finished after 50ms (`) {
		t.Errorf("error %v", err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestPluginErrorTellsTheEndOfALongOutput(t *testing.T) {
	p := plugins{limit: time.Minute, programs: alone{}}
	_, err := p.run([]string{"sh", "-c", "i=0; while [ $i -lt 2000 ]; do echo line; i=$((i+1)); done; echo last; exit 1"})
	if err == nil || !strings.Contains(err.Error(), "last (") || len(err.Error()) > 2*printedMax {
		t.Errorf("error %v", err)
	}
}
