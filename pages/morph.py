import streamlit as st

st.title("Morph")
