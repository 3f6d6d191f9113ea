// The page goes to its top when it shows something else than before. data: {shown: a name for what it shows}

let before = null; // of the whole visit: the component itself may come and go

export function render({ data, parentElement }) {
  if (before !== null && before !== data.shown) {
    document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0);
  }
  before = data.shown;
  parentElement.querySelector("span").dataset.shown = data.shown;
}

export function remove() {}
