// Keeps an open page up to date without losing the reader's place, and copies letters. Works with what is on the page.
