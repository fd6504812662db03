/** The operator's page was here: what somebody has kept or linked leads on. */
location.replace(new URL(`operate${location.hash}`, location.href));
