package main

import (
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"okrbot/sandbox/seed"
)

func TestADocumentInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	s := startSandbox(t, binary(t), folder(t), ports(t))
	var address string
	if _, after, ok := strings.Cut(s.said, "Document URL    "); ok {
		address, _, _ = strings.Cut(after, "\n")
	}
	p := page{t, ctx}
	if err := chromedp.Do(ctx, chromedp.Navigate(s.page)); err != nil {
		t.Fatal(err)
	}
	p.types("/okr connect")
	p.fills("System", "http")
	p.fills("Document URL", address)
	p.shot("connect-document")
	p.presses("Connect")
	p.sees("is connected")
	p.presses("Close")
	p.types("/okr add-objective")
	p.fills("Objective", "Builds one can trust")
	p.runs()
	p.fills("Channel", "C0ITOKRS")
	p.presses("Save")
	p.until("the form closing", `return !document.querySelector(".modal")`)
	p.types("/okr add-kr")
	p.fills("Key Result", "More coverage")
	p.until("choosing HTTP JSON", `const l = [...document.querySelectorAll(".modal label.block")].find((l) => l.innerText.trim() === "HTTP JSON"); if (!l) return false; l.click(); return l.querySelector("input").checked`)
	p.presses("Next")
	p.finds("Scorecard", "coverage")
	p.presses("Preview results")
	p.sees("Last 12 scores")
	p.shot("preview-document")
	p.presses("Connect")
	p.fills("Target Value", "95")
	p.presses("Save")
	p.sees("is added")
	p.presses("Close")
	p.sees("score of")
	p.until("the trend's chart", `const c = document.querySelector(".chart"); return c?.querySelectorAll("circle").length > 2`)
}

func TestOAuthInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	s := startSandbox(t, binary(t), folder(t), ports(t))
	_, after, _ := strings.Cut(s.said, "ServiceNow URL  ")
	instance, _, _ := strings.Cut(after, "\n")
	p := page{t, ctx}
	if err := chromedp.Do(ctx, chromedp.Navigate(s.page)); err != nil {
		t.Fatal(err)
	}
	asks := func(name string) {
		p.is(name)
		p.types("/okr connect")
		p.fills("Sign in with", "oauth")
		p.fills("ServiceNow URL", instance)
		p.presses("Connect")
	}

	// The administrator registers the client once, and denies.
	asks("carol")
	tab := p.goesOn()
	tab.sees("Register okrbot in ServiceNow")
	tab.sees("Machine Identity Console")
	tab.shot("register")
	tab.sends("client_id", seed.ClientID, "client_secret", seed.ClientSecret)
	tab.sends("user_name", seed.User, "user_password", seed.Password)
	tab.decides("deny")
	tab.sees("Not allowed")
	p.sees("It was not allowed in the browser")
	p.presses("Close")

	// Anybody connects by one button then. The link goes on in the browser that began.
	asks("alice")
	tab = p.goesOn()
	var back string
	var mu sync.Mutex
	if _, err := chromedp.Call(tab.ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Listen(tab.ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok && strings.Contains(e.Request.URL, "/oauth/callback/") {
			mu.Lock()
			defer mu.Unlock()
			back = e.Request.URL
		}
	}); err != nil {
		t.Fatal(err)
	}
	tab.sees("asked for this")
	var link string
	link, err := chromedp.Run(tab.ctx, chromedp.Evaluate[string]("location.href"))
	if err != nil {
		t.Fatal(err)
	}
	tab.sends()
	tab.sees("would like to connect")
	stranger := p.tab(link, chromedp.WithNewBrowserContext())
	stranger.sends()
	stranger.sees("Opened in another browser")
	tab.decides("allow")
	tab.sees("Is that right?")
	tab.decides("yes")
	tab.sees("One more step, in Slack")
	p.sees("Was that you?")
	p.sees("okr.reader")
	p.shot("confirm")
	mu.Lock()
	again := back
	mu.Unlock()
	replay := p.tab(again)
	replay.sees("This page is over")
	p.presses("Yes, connect")
	p.sees("is connected")
	p.presses("Close")
	p.types("/okr connections")
	p.sees("OAuth as okr.reader")
}
