import "@fontsource-variable/ibm-plex-sans/index.css";
import "@fontsource/ibm-plex-mono/400.css";
import "./app.css";
import { mount } from "svelte";
import Operator from "./operator/Operator.svelte";

const target = document.getElementById("app");
if (target) mount(Operator, { target });
