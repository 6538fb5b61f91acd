package main

import "testing"

func TestProgramIsForgottenAtTheStartAndThenNowAndAgain(t *testing.T) {
	var done []int
	call := 0
	lighten := sometimes(func() { done = append(done, call) })
	for call = 1; call <= 2*forgetfulEvery; call++ {
		lighten()
	}
	if n := len(done); n != forgetfulStart+2 || done[forgetfulStart-1] != forgetfulStart || done[n-1] != 2*forgetfulEvery {
		t.Errorf("the program was forgotten at calls %v, want the first %d and every %dth", done, forgetfulStart, forgetfulEvery)
	}
}
