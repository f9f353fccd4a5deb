// Where a page is narrower than a figure, its letters shrink with it. A button shows it in its own size, to be pushed
// sideways within its frame, and back. Without a script a figure is as wide as the page.
for (const image of document.querySelectorAll("article .course-figure img, article p > img, article a > img")) {
  const holder = image.closest("figure") ?? image.closest("p") ?? image.parentElement;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "course-larger";
  const words = () => {
    button.textContent = holder.classList.contains("course-large") ? "Fit to the page" : "Show larger";
  };
  const ownWidth = () => {
    // a figure that has an own drawing for narrow windows needs none of this there
    const other = [...(image.closest("picture")?.querySelectorAll("source") ?? [])];
    if (other.some((source) => matchMedia(source.media).matches)) return 0;
    return Number(image.getAttribute("width")) || image.naturalWidth;
  };
  const look = () => {
    if (holder.classList.contains("course-large")) return;
    button.hidden = image.clientWidth === 0 || image.clientWidth > 0.8 * ownWidth();
  };
  button.addEventListener("click", () => {
    const large = holder.classList.toggle("course-large");
    image.style.setProperty("--own-width", `${ownWidth()}px`);
    // whoever has no pointer pushes with the arrow keys
    if (large) holder.tabIndex = 0;
    else holder.removeAttribute("tabindex");
    holder.scrollLeft = 0;
    words();
    look();
  });
  words();
  (image.closest("picture") ?? image).after(button);
  new ResizeObserver(look).observe(image);
  look();
}
