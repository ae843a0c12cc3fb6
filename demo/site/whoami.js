// Says who is signed in. The page works without it.
fetch("/.auth/me", { headers: { Accept: "application/json" } })
  .then((answer) => (answer.ok ? answer.json() : null))
  .then((me) => {
    const place = document.querySelector(".who");
    if (!me || !place) return;
    const name = document.createElement("strong");
    name.textContent = me.name || me.email || me.sub;
    const out = document.createElement("a");
    out.href = "/.auth/logout";
    out.textContent = "Sign out";
    place.replaceChildren("Signed in as ", name, " · ", out);
  })
  .catch(() => {});
