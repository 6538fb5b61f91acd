package main

import "testing"

func TestOnlyWhatNobodyWritesToIsForgotten(t *testing.T) {
	for line, want := range map[string]bool{
		"00400000-0102f000 r-xp 00000000 fd:00 1234                               /usr/bin/concierge":           true,
		"0102f000-01db0000 r--p 00c2f000 fd:00 1234                               /usr/bin/concierge":           true,
		"01db0000-01e5d000 rw-p 019b0000 fd:00 1234                               /usr/bin/concierge":           false,
		"00400000-0102f000 r-xp 00000000 fd:00 1234                               /usr/bin/other":               false,
		"00400000-0102f000 r-xp 00000000 fd:00 1234                               /usr/bin/concierge (deleted)": false,
		"01e5d000-03ea7000 rw-p 00000000 00:00 0":                                                               false,
		"": false,
	} {
		begin, end, ok := readOnly(line, "/usr/bin/concierge")
		if ok != want || ok && (begin >= end || begin == 0) {
			t.Errorf("%q: %t %#x-%#x", line, ok, begin, end)
		}
	}
}
