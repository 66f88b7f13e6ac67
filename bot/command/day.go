package command

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"okrbot/okr"
)

// Dated takes a text apart that begins with a day: "yesterday", "on 26 Nov", "2026-11-26", "26.11.2026". A day
// without a year is the latest one that is not after today. Unsure says that it begins with what may be a day,
// and it is not plain which.
func Dated(text string, today okr.Day) (day okr.Day, rest string, is, unsure bool) {
	fields := Parted(text)
	words := make([]string, 0, mostDated)
	for _, field := range fields[:min(len(fields), mostDated)] {
		words = append(words, WordOf(field).Plain)
	}
	begin := 0
	for begin < len(words) && slices.Contains(beforeDays, words[begin]) {
		begin++
	}
	for n := len(words); n > begin; n-- {
		phrase := strings.Join(words[begin:n], " ")
		if begin == 0 && n < len(fields) && verbMonth.MatchString(phrase) {
			return 0, text, false, true
		}
		if day, is = dayCalled(phrase, today); is {
			return day, strings.Join(fields[n:], " "), true, false
		}
		if number.MatchString(phrase) && slices.Contains(beforeNumbers, strings.Join(words[:begin], " ")) {
			continue
		}
		if strangeDay.MatchString(phrase) && (n == len(fields) || begin > 0) {
			return 0, text, false, true
		}
	}
	return 0, text, false, false
}

// mostDated is how many words name a day at most: "as of 26 November 2026", "the day before yesterday".
const mostDated = 5

// beforeDays stand before a day.
var beforeDays = []string{"for", "on", "of", "as", "from", "at", "dated", "the"}

// beforeNumbers stand before a number as well: "from 10.5 last week".
var beforeNumbers = []string{"from", "of", "at"}

var (
	isoDay     = regexp.MustCompile(`^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$`)
	dottedDay  = regexp.MustCompile(`^([0-9]{1,2})\. ?([0-9]{1,2})\. ?([0-9]{4})$`)
	dayMonth   = regexp.MustCompile(`^([0-9]{1,2})(?:st|nd|rd|th|\.)? (?:of )?([a-z]{3,9})\.?,?(?: ([0-9]{4}))?$`)
	monthDay   = regexp.MustCompile(`^([a-z]{3,9})\.? ([0-9]{1,2})(?:st|nd|rd|th)?,?(?: ([0-9]{4}))?$`)
	verbMonth  = regexp.MustCompile(`^(?:[0-9]{1,2} (?:may|march)|(?:may|march) [0-9]{1,2})$`) // "10 may drop out"
	number     = regexp.MustCompile(`^[0-9]{1,4}\.[0-9]{1,2}$`)
	strangeDay = regexp.MustCompile(`^(?:[0-9]{1,4}[/.-][0-9]{1,2}(?:[/.-][0-9]{1,4})?|(?:last )?(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?|last (?:week|month|quarter|year))$`)
)

// dayCalled is the day that a phrase is.
func dayCalled(phrase string, today okr.Day) (okr.Day, bool) {
	switch phrase {
	case "today":
		return today, true
	case "yesterday":
		return today - 1, true
	case "day before yesterday":
		return today - 2, true
	case "tomorrow":
		return today + 1, true
	}
	if isoDay.MatchString(phrase) {
		t, err := time.Parse("2006-1-2", phrase)
		return okr.DayOf(t), err == nil
	}
	if m := dottedDay.FindStringSubmatch(phrase); m != nil {
		n, _ := strconv.Atoi(m[2])
		return dated(m[3], n, m[1], today)
	}
	if m := dayMonth.FindStringSubmatch(phrase); m != nil {
		return dated(m[3], monthCalled(m[2]), m[1], today)
	}
	if m := monthDay.FindStringSubmatch(phrase); m != nil {
		return dated(m[3], monthCalled(m[1]), m[2], today)
	}
	return 0, false
}

// monthCalled is a month by its name or the beginning of that; 0 where there is none.
func monthCalled(name string) int {
	for m := time.January; m <= time.December; m++ {
		if strings.HasPrefix(strings.ToLower(m.String()), name) || name == "sept" && m == time.September {
			return int(m)
		}
	}
	return 0
}

// dated is a day of a month; without a year of the latest that is not after today.
func dated(year string, month int, day string, today okr.Day) (okr.Day, bool) {
	d, _ := strconv.Atoi(day)
	of := func(y int) (okr.Day, bool) {
		t := time.Date(y, time.Month(month), d, 0, 0, 0, 0, time.UTC)
		return okr.DayOf(t), month >= 1 && month <= 12 && d >= 1 && t.Day() == d
	}
	if year != "" {
		y, _ := strconv.Atoi(year)
		return of(y)
	}
	this := today.Time().Year()
	for y := this; y > this-8; y-- { // 29 Feb is not in every year
		if is, ok := of(y); ok && is <= today {
			return is, true
		}
	}
	return 0, false
}
